"""`docker build` by the classic builder: a Dockerfile read, its steps run one by one, each kept as an image.

From the text to the image: `lines` joins it, `instructions` checks it, `words` and `arguments` fill in variables, `configuring` says what
an instruction changes, `context` and `copying` bring files, `cache` finds what was built before, `builder` does the steps.
Read first: docs/models/docker/building.md, and daemon/builder/dockerfile of moby.
"""
