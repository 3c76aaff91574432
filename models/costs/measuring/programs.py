"""The C programs, compiled at need into the bench's folder; statically, as they also run in a container and in a guest."""
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cutaway.models.costs.measuring.needs import program
from cutaway.models.costs.measuring.points import Bench
from cutaway.models.costs.measuring.problems import MeasuringError

HERE = Path(__file__).parent


@contextmanager
def programs(bench: Bench) -> Iterator[Path]:
    """The folder of all of them, each named as its source is."""
    folder = bench.folder / "programs"
    folder.mkdir()
    for source in sorted(HERE.glob("*.c")):
        command = [program("gcc"), "-O2", "-static", "-pthread", "-o", str(folder / source.stem), str(source), "-lm"]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode:
            said = (ran.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise MeasuringError(f"{source.name} cannot be compiled (a static C library is needed): {said}")
    yield folder
