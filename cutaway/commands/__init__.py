"""The commands of the command line, one file each: its arguments, its help, and one call.

A command imports what it needs in its body, so that `cutaway --help` answers at once.
"""
