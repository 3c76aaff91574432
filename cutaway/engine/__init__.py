"""The Docker Engine API on a socket: real clients talk to the simulated daemon of models/docker."""
