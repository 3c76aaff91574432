"""Sliders of a what-if in the view: which keys of a scenario get one, the answer to a setting, and the process that works it out.

Bottom to top: `choosing`, `answering`, `worker`. Read first: docs/visuals/what_if.md.
"""
