"""What the real docker command prints when it asks the simulated Engine: command, output with ids masked, exit code.

    python -m tests.cutaway.engine.transcripts

writes the kept one anew.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

KEPT = Path(__file__).parent / "transcript.txt"
COMMANDS = (
    "docker version --format {{.Server.Version}}/{{.Server.APIVersion}}",
    "docker ps",
    "docker run --pull never alpine true",
    "docker pull -q alpine",
    "docker images",
    "docker run --name first alpine echo hello",
    "docker run --name first alpine echo hello",
    "docker run --rm alpine nonsense",
    "docker run --rm alpine /etc/passwd",
    "docker run --rm alpine /nonsense",
    "docker run --rm alpine sh -c 'echo out; echo err >&2; exit 3'",
    "docker run --rm --memory 4m alpine true",
    "docker run --rm --cpus 9 alpine true",
    "docker run --rm --network nowhere alpine true",
    "docker run -d --name web -p 127.0.0.1:80:80 alpine sleep 1000000",
    "docker run -d --name other -p 80:80 alpine sleep 1000000",
    "docker port web",
    "docker rm web",
    "docker exec web hostname -i",
    "docker exec web nonsense",
    "docker exec -w /tmp -e A=b web sh -c 'echo $A; pwd; exit 5'",
    "docker pause web",
    "docker exec web true",
    "docker unpause web",
    "docker unpause web",
    "docker inspect --format {{.State.Status}} web",
    "docker stop -t 1 web",
    "docker inspect --format {{.State.ExitCode}} web",
    "docker start web",
    "docker kill -s TERM web",
    "docker kill -s NONSENSE web",
    "docker rm -f web other first",
    "docker stop web",
    "docker logs web",
    "docker inspect nothing",
    "docker network create --subnet 10.7.0.0/24 mine",
    "docker network create mine",
    "docker run --rm --network mine --ip 10.7.0.9 alpine hostname -i",
    "docker run --rm --network mine --ip 10.8.0.9 alpine hostname -i",
    "docker network rm mine nowhere",
    "docker network rm bridge",
    "docker volume create kept",
    "docker run --rm -v kept:/data alpine sh -c 'echo here > /data/file'",
    "docker run --rm -v kept:/data:ro alpine sh -c 'cat /data/file; touch /data/other'",
    "docker volume rm kept kept",
    "docker tag alpine my/alpine:1",
    "docker rmi my/alpine:1",
    "docker rmi nonsense",
    "docker history --format '{{.CreatedBy}}' alpine",
    "docker pull -q nonsense",
    "docker ps -a --format '{{.Names}} {{.Status}}'",
    "docker container prune -f",
    "docker service ls",
)


def masked(text: str) -> str:
    """Ids, ages and sizes that a later catalogue may change."""
    text = re.sub(r"\b[0-9a-f]{64}\b", "<id>", text)
    text = re.sub(r"\b[0-9a-f]{12}\b", "<short id>", text)
    return re.sub(r"\b(About )?(\d+|an?|a) (second|minute|hour|day|week|month|year)s? ago", "<age>", text)


def transcript(host: str) -> str:
    """Runs the commands, one after the other."""
    return "\n\n".join(f"$ {command}\n{said}" for command, said in zip(COMMANDS, answers(host, COMMANDS), strict=True)) + "\n"


def answers(host: str, commands: Sequence[str]) -> Iterator[str]:
    """What each command prints, with ids masked, and its exit code."""
    environment = {**os.environ, "DOCKER_HOST": host, "NO_COLOR": "1"}
    for command in commands:
        done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=environment, timeout=60)
        lines = [line.rstrip() for line in (done.stdout + done.stderr).splitlines()]
        yield masked("\n".join([*lines, f"[{done.returncode}]"]))


if __name__ == "__main__":
    import tempfile

    from tests.cutaway.engine.conftest import serving

    with tempfile.TemporaryDirectory() as place, serving(Path(place) / "s") as served:
        KEPT.write_text(transcript(served.host), encoding="utf-8")
        print(KEPT)
