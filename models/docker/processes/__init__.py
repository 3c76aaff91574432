"""Processes of the simulated kernel: what they read and write, how they are signalled, how they end."""
