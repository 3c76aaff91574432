"""What server programs cost of which nobody has measured it here: assumptions, each with its range.

The profile of a host comes first: nginx, Redis and PostgreSQL have their start and their memory there.
"""

from __future__ import annotations

from dataclasses import dataclass

MS, MB = 1_000_000, 1_000_000


@dataclass(frozen=True)
class Assumed:
    """One program."""

    start_ns: int
    """CPU time from its first instruction to where it listens."""
    resident: int
    """Bytes that it holds then."""
    request_ns: int = 0
    """CPU time of an answer, without what its bytes cost."""


HTTPD = Assumed(20 * MS, 12 * MB, 60_000)
"""Apache, a page from a file. 8 to 60 ms; 6 to 30 MB; 30 to 200 us."""
TOMCAT = Assumed(1_200 * MS, 130 * MB, 300_000)
"""0.6 to 3 s; 90 to 250 MB; 0.1 to 1 ms."""
WILDFLY = Assumed(7_000 * MS, 400 * MB, 400_000)
"""On several CPUs at once, so that it is up sooner. 4 to 15 s; 300 to 700 MB; 0.1 to 2 ms."""
SPRING_BOOT = Assumed(4_000 * MS, 180 * MB, 400_000)
"""2 to 10 s; 120 to 350 MB; 0.1 to 2 ms."""
NODE = Assumed(40 * MS, 40 * MB)
"""25 to 80 ms; 30 to 60 MB."""
PYTHON = Assumed(20 * MS, 9 * MB, 600_000)
"""10 to 50 ms; 7 to 15 MB; http.server answers in 0.3 to 2 ms."""
MYSQL = Assumed(1_500 * MS, 380 * MB)
"""0.6 to 4 s; 350 to 500 MB with its default buffers."""
MARIADB = Assumed(500 * MS, 95 * MB)
"""0.2 to 1.5 s; 70 to 200 MB."""
MEMCACHED = Assumed(5 * MS, 4 * MB)
"""2 to 15 ms; 2 to 10 MB."""
REGISTRY = Assumed(30 * MS, 12 * MB, 150_000)
"""10 to 100 ms; 8 to 30 MB; 50 to 500 us."""
NGINX_REQUEST_NS = 30_000
"""A page from a file, where no stack is known: 8 to 80 us."""
FIRST_START_NS = {"mysqld": 9_000 * MS, "mariadbd": 4_000 * MS, "postgres": 1_500 * MS}
"""CPU time of making an empty database: 4 to 30 s, 2 to 10 s, 0.8 to 4 s."""
