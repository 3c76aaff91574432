"""The programs that simulated containers can run, by the name under which a file system has them.

A program is a generator that gets its process and its arguments; what it prints comes from the state of the model.
"""
