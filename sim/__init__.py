"""The engine: integer clock, traffic, trace, results and laws. Knows no Docker, no nginx, no screen."""
