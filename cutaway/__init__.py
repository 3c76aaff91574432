"""Cutaway: a simulator and animated view of the server stack.

The public door: `import cutaway` (see `cutaway.api`) and the console command. All else may change without notice.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# A clone without symbolic links (Windows) finds the folders one level up.
if not (Path(__file__).parent / "sim" / "__init__.py").exists():
    __path__.append(str(Path(__file__).parent.parent))

if TYPE_CHECKING:
    from cutaway.api import (
        Capacity,
        Comparison,
        Machine,
        Result,
        Scenario,
        Trace,
        WhatIf,
        capacity,
        compare,
        load,
        machine,
        names,
        run,
        trace,
        what_if,
    )

__all__ = [
    "Capacity",
    "Comparison",
    "Machine",
    "Result",
    "Scenario",
    "Trace",
    "WhatIf",
    "__version__",
    "capacity",
    "compare",
    "load",
    "machine",
    "names",
    "run",
    "trace",
    "what_if",
]


def __getattr__(name: str) -> Any:
    """Loads the public names when they are asked for: the command line must answer at once."""
    if name.startswith("_") or name not in __all__:
        raise AttributeError(f"module 'cutaway' has no attribute '{name}'")
    from cutaway import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return __all__
