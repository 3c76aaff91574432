"""Cutaway: a simulator and animated view of the server stack.

The public door: `import cutaway` and the console command. All else may change without notice.
"""

from pathlib import Path

__version__ = "0.1.0"

# A clone without symbolic links (Windows) finds the folders one level up.
if not (Path(__file__).parent / "sim" / "__init__.py").exists():
    __path__.append(str(Path(__file__).parent.parent))
