"""Docker, as far as it is more than a container's kernel: the command line, the daemon and what they start."""
