"""The traffic engine: requests walking compiled plans over scheduled CPUs, on integer tables.

From the bottom up: `tables` (the vocabulary), `draws` (chance), `agenda` (events in order of time), `books` (what is counted and logged),
`fair` (who runs next), `bursts` (what a thread does with its CPU), `cores` (CPUs, interrupts, virtual CPUs, wake-ups), `walk` (a request
from step to step), `advance` (one event after the other). `build` makes the tables from a `sim.machine.Machine`; `engine` is the door.

Everything between `tables` and `advance` is one source for two speeds: compiled by Numba, or plain Python with the same bytes
(`CUTAWAY_COMPILE=0`). Therefore: integers only, no objects, no exceptions, and all state in the tables.
"""
