"""Measures the machine it runs on: small C programs for single mechanisms, real parts for the rest. The command is `cutaway measure`.

driver       the plan, and the rounds over all points; read this first
points       part, point, bench: what is measured, and what is started for it
needs        what must be there, and what changes the machine
journal      the runs so far, so that measuring goes on where it ended
leftovers    what outlives a process, and its removal
problems     what ends with a sentence
rows, calm   a measured row; whether the machine was ours during a run
micro, life_cycle, guest, load, applications, control     the groups
paths, stacks, serving, cgroups, programs, machine        what they stand on

Load stays on loopback and in namespaces made here, which are removed at the end.
"""
