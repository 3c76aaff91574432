"""Cutaway: a simulator and animated view of the server stack.

The public door: `import cutaway` (see `cutaway.api`) and the console command. All else may change without notice.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# A clone without symbolic links (Windows) finds the folders one level up.
if not (Path(__file__).parent / "sim" / "__init__.py").exists():
    __path__.append(str(Path(__file__).parent.parent))

if TYPE_CHECKING:
    from cutaway.api import *  # noqa: F403
else:

    def __getattr__(name: str) -> Any:
        """The public names, `__all__` of `cutaway.api`, which is loaded when one is asked for: the command line must answer at once."""
        # `from cutaway import scenarios` asks here first, and must not load what it does not need.
        if name == "__all__" or not (name.startswith("_") or find_spec(f"{__name__}.{name}")):
            from cutaway import api

            if name == "__all__":
                return api.__all__
            if name in api.__all__:
                return getattr(api, name)
        raise AttributeError(f"module 'cutaway' has no attribute '{name}'")


def __dir__() -> list[str]:
    from cutaway import api

    return api.__all__
