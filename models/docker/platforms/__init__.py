"""What can start a container: engines and runtimes as entries, each a list of steps that named costs price.

`step` is what an entry is made of, `engines` and `runtimes` are the entries. Another one is another entry there.
"""
