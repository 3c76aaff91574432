"""The view beside the Engine: what real clients ask, put together with what the model does, and drawn in a process of its own.

`command_line` and `commands` (what was asked), `output` (what was printed), `boxes` and `snapshots` (what there is to see), `beside` (the
window's process). Read first: docs/visuals/docker.md.
"""
