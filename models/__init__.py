"""The stack, layer by layer."""
