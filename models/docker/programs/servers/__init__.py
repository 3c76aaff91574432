"""Server programs: they load, listen, answer, log and end as their originals do when they are signalled.

`serving` has what they share, `web` who answers HTTP, then a file for each kind of program. What a start and a request cost comes from the
host's profile where that has it (nginx, Redis, PostgreSQL), else from `assumed`. Databases listen and are ready; their protocols are not
simulated. Read first: docs/models/docker/servers.md.
"""
