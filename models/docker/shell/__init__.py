"""A POSIX shell for simulated containers: tree-sitter's grammar of bash reads the script, this package runs what sh has of it."""
