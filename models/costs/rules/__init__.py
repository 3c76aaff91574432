"""How costs follow from measured rows: a small function a cost, and the only place where its formula stands.

ids         the rows that rules ask for, by name, and how another machine's values are taken over
kernel      system calls, switches, ticks, files
waking      what a wake-up costs whom, and how late it is
network     messages, by the way that they go
programs    servers, of which rows give the time in user space
startup     `docker run` by phase, and memory

What a rule is stands in models/costs/rule.py. Costs that no rule gives are fitted (fit.py) or stay as they were (calibration.py).
Read first: docs/models/costs.md, and models/costs/measured/*.md for what the rows mean.
"""

from __future__ import annotations

from cutaway.models.costs.rule import RULES
from cutaway.models.costs.rules import kernel, network, programs, startup, waking

__all__ = ["RULES", "kernel", "network", "programs", "startup", "waking"]
