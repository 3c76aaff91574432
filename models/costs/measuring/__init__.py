"""Measures the machine it runs on: small C programs for single mechanisms, real parts for the rest.

Read first: micro.py, whose list of cases is the table of contents; round_trip.c and wake_up.c for what a wake-up costs.
Needs Linux, root, gcc, ip and iptables; load stays on loopback and in namespaces made here (paths.py), which are removed at the end.
"""
