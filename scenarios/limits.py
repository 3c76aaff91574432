"""What a scenario may not exceed, so that a hostile or mistaken file ends in a sentence and not in a hang.

Read first: docs/scenarios/limits.md. `cutaway limits` prints them.
"""

from dataclasses import dataclass

from cutaway.sim.machine import MOST_EVENTS, MOST_UNDER_WAY


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
NEIGHBOURS = Limit("neighbours", 10_000)
ENTITIES = Limit("CPUs, virtual CPUs, workers and neighbours of all stacks together", 100_000)
REFERENCES = Limit("references (base and use) of a scenario", 64)
REFERENCE_DEPTH = Limit("references inside referenced files", 8, "deep")
SIMULATED_DAYS = Limit("simulated time, and any duration in it", 30, "days")
REQUESTS = Limit("requests of a run", 1_000_000_000)
REQUESTS_IN_ALL = Limit("requests of all runs of a scenario", 10_000_000_000)
REPLICATIONS = Limit("replications", 10_000)
AXES = Limit("axes of a study", 16)
AXIS_VALUES = Limit("values of an axis of a study", 10_000)
STUDY_POINTS = Limit("points of a study", 100_000)
STUDY_RUNS = Limit("runs of a study", 10_000_000)
STUDY_RUNS_UNASKED = Limit("runs of a study that are not asked about", 100_000)
CPUS = Limit("CPUs of a machine", 4096)
VCPUS = Limit("virtual CPUs of a virtual machine", 1024)
PAGE_BYTES = Limit("size of the page that is served", 512 * 1024 * 1024, "bytes")
CONNECTIONS = Limit("connections of the clients", 1_000_000)
UNDER_WAY = Limit("requests under way at once", MOST_UNDER_WAY)
EVENTS = Limit("events of a run", MOST_EVENTS)
ARRIVALS_PER_S = Limit("rate of an open loop", 2_000_000, "/s")
"""Times between arrivals are whole nanoseconds; up to here a rate is met within a thousandth."""

LONGEST_NS = SIMULATED_DAYS.value * 24 * 3600 * 10**9

ALL = (
    FILE_BYTES, LINES, LINE_CHARS, NESTING, VALUES, STRING_CHARS, NAME_CHARS, NEIGHBOURS, ENTITIES, REFERENCES, REFERENCE_DEPTH,
    SIMULATED_DAYS, REQUESTS, REQUESTS_IN_ALL, REPLICATIONS, AXES,
    AXIS_VALUES, STUDY_POINTS, STUDY_RUNS, STUDY_RUNS_UNASKED, CPUS, VCPUS, PAGE_BYTES, CONNECTIONS, UNDER_WAY, EVENTS,
    ARRIVALS_PER_S,
)  # fmt: skip
