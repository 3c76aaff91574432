"""Simulated file systems: nodes, trees of layers, mounts over them, and archives in and out.

Nothing here opens a file of the machine that the simulation runs on.
"""
