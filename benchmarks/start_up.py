"""Starts of containers, measured and simulated: alone, several at once, beside running ones, and the runtimes by themselves.

    python benchmarks/start_up.py

prints the table of docs/models/startup.md. Rows are those for validation of two-core-vm.
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.models.costs import load
from cutaway.models.costs.row import Row, read
from cutaway.validating.session import SHIPPED
from cutaway.validating.setups import Start, setup_of
from cutaway.validating.starts import figures

SHOWN = {
    "docker run -d -p, N started at once": ("first_200_first", "first_200_last"),
    "docker run -d -p against containers already running": ("total_cli",),
    "docker run -d -p 18080:80 nginx, by phase": (
        "phase_cli_and_ping", "phase_api_create", "phase_start_network", "phase_start_bundle_to_containerd", "phase_shim_start",
        "phase_runc_create_incl_network_hook", "phase_runc_start",
    ),
    "OCI runtime create / start / delete": ("create", "start"),
}  # fmt: skip


def rows() -> Iterator[Row]:
    """Those that are shown, in the order of SHOWN."""
    there = [row for row in read(SHIPPED) if row.use == "validate" and row.group == "lifecycle"]
    for what, metrics in SHOWN.items():
        yield from sorted((row for row in there if row.what == what and row.metric in metrics), key=lambda row: (
            row.number("at_once"), row.number("running_before"), str(row.params), row.stack, metrics.index(row.metric)))  # fmt: skip


def lines() -> Iterator[str]:
    """A table; times in ms, measured ones with their quartiles."""
    profile = load(SHIPPED.stem)
    yield f"{'':31} {'':35} {'measured':>8} {'quartiles':>13} {'simulated':>9}  error"
    for row in rows():
        setup = setup_of(row)
        assert isinstance(setup, Start)
        measured, simulated = row.median * 1e3, figures(setup, profile)[row.metric] * 1e3
        params = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in row.params.items())
        who = f"{row.stack}, {params}" if row.what.startswith("OCI") else params
        spread = f"{row.q1 * 1e3:.1f}-{row.q3 * 1e3:.1f}"
        yield f"{who:31} {row.metric:35} {measured:8.1f} {spread:>13} {simulated:9.1f} {simulated / measured - 1:+7.1%}"


if __name__ == "__main__":
    print("\n".join(lines()))
