"""What a scenario may not exceed, so that a hostile or mistaken file ends in a sentence and not in a hang.

Read first: docs/scenarios/limits.md. `cutaway limits` prints them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    what: str
    value: int
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.what}: {self.value:,}{self.unit and ' ' + self.unit}"


FILE_BYTES = Limit("size of a scenario file", 1024 * 1024, "bytes")
LINES = Limit("lines of a scenario file", 50_000)
LINE_CHARS = Limit("length of a line", 65_536, "characters")
NESTING = Limit("nesting of mappings and lists", 32, "levels")
VALUES = Limit("keys and values of a scenario, its parts included", 10_000)
STRING_CHARS = Limit("length of a text", 4096, "characters")
NAME_CHARS = Limit("length of a name", 64, "characters")
ENTITIES = Limit("workers and neighbours of a scenario", 10_000)
REFERENCES = Limit("references (base and use) of a scenario", 64)
REFERENCE_DEPTH = Limit("references inside referenced files", 8, "deep")
SIMULATED_DAYS = Limit("simulated time", 30, "days")
REQUESTS = Limit("requests of a run", 1_000_000_000)
REQUESTS_IN_ALL = Limit("requests of all runs of a scenario", 10_000_000_000)
REPLICATIONS = Limit("replications", 10_000)
CPUS = Limit("CPUs of a machine", 4096)
VCPUS = Limit("virtual CPUs of a virtual machine", 1024)
CONNECTIONS = Limit("connections of the clients", 1_000_000)

ALL = (
    FILE_BYTES, LINES, LINE_CHARS, NESTING, VALUES, STRING_CHARS, NAME_CHARS, ENTITIES, REFERENCES, REFERENCE_DEPTH,
    SIMULATED_DAYS, REQUESTS, REQUESTS_IN_ALL, REPLICATIONS, CPUS, VCPUS, CONNECTIONS,
)  # fmt: skip
