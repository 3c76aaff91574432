"""Server programs: what each does to answer a request, as operations. One file a program."""
