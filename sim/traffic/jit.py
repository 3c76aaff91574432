"""One switch between the compiled and the plain engine, and where compiled code is kept.

Numba's cache looks at the file of a cached function alone, not at what it calls. So the cache folder carries a digest of all engine
sources and of the versions that compiled them: a change anywhere starts a new folder, and a stale one is never read.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from hashlib import blake2b
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

COMPILED = os.environ.get("CUTAWAY_COMPILE", "1") != "0" and find_spec("numba") is not None


def _digest() -> str:
    words = blake2b(digest_size=8)
    here = Path(__file__).parent
    for source in (*sorted(here.glob("*.py")), here.parent / "quantiles.py"):                # whose sizes of tables are compiled in
        words.update(source.read_bytes())
    words.update(f"{version('numba')} {version('numpy')} {sys.version_info[:2]}".encode())
    return words.hexdigest()


@cache
def cache_folder() -> Path:
    """The user's own cache folder for this version of the engine (mode 0700: its index is a pickle)."""
    from platformdirs import user_cache_path

    folder = user_cache_path("cutaway") / "engine" / _digest()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def is_cached() -> bool:
    """Whether a compiled engine is there already, so that a caller can announce the first compilation."""
    return not COMPILED or any(cache_folder().rglob("*.nbi"))


def compiled(function: F) -> F:
    """The function as machine code, compiled when `compiled_and_kept` code that calls it is; in the plain engine the function itself."""
    if not COMPILED:
        return function
    from numba import njit, types

    from cutaway.sim.traffic import jit_tables  # noqa: F401  (teaches Numba the type `Tables`)

    dispatcher = njit(error_model="numpy", nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True)(function)
    resolve = dispatcher.get_call_template

    def resolve_by_type(args: Any, keywords: Any) -> Any:
        # else a new copy is compiled for each constant that is handed over: 167 functions instead of 80
        return resolve(tuple(types.unliteral(one) for one in args), {name: types.unliteral(one) for name, one in keywords.items()})

    dispatcher.get_call_template = resolve_by_type
    return dispatcher


def compiled_and_kept(function: F) -> F:
    """An entry point: machine code with all that it calls, compiled at the first call and kept on disk."""
    if not COMPILED:
        return function
    import numba

    # read when the dispatcher is made, so it must be set first; other users of Numba in this process keep theirs
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(cache_folder())
    try:
        dispatcher = numba.njit(error_model="numpy", nogil=True, cache=True)(function)
    finally:
        numba.config.CACHE_DIR = before
    compile_ = dispatcher.compile

    def compile_as_a_whole(signature: Any) -> Any:
        with _optimized_as_a_whole(function.__name__):
            return compile_(signature)

    dispatcher.compile = compile_as_a_whole
    return dispatcher


@contextmanager
def _optimized_as_a_whole(entry: str) -> Iterator[None]:
    """Numba optimizes and emits every function by itself and then again inside each caller, which took 37 s here.

    Only the entry is called from outside, so only it, with everything linked into it, goes through LLVM: 15 s, and faster code.
    """
    import llvmlite.binding as llvm
    from numba.core import codegen

    library, target = codegen.JITCodeLibrary, codegen.JITCPUCodegen
    optimize, finish, pointer, set_env = (
        library._optimize_final_module,
        library._finalize_final_module,
        library.get_pointer_to_function,
        target.set_env,
    )

    def is_whole(self: Any) -> bool:
        return str(self.name).startswith(entry)

    def finish_entry_alone(self: Any) -> None:
        if is_whole(self):
            finish(self)
        else:
            self._finalize_dynamic_globals()
            self._finalized = True

    def pointer_of_entry(self: Any, name: str) -> int:
        self._ensure_finalized()
        return int(pointer(self, name)) if is_whole(self) else 0

    def set_env_if_emitted(self: Any, name: str, env: Any) -> None:
        if self._engine.is_symbol_defined(name):
            set_env(self, name, env)

    def optimize_entry_alone(self: Any) -> None:
        if not is_whole(self):
            return
        # nothing outside calls what the entry calls, so LLVM may inline it, and drop arguments and results that nobody needs
        for one in self._final_module.functions:
            if not one.is_declaration and entry not in one.name and one.linkage == llvm.Linkage.linkonce_odr:
                one.linkage = llvm.Linkage.internal
        optimize(self)

    library._optimize_final_module = optimize_entry_alone
    library._finalize_final_module, library.get_pointer_to_function = finish_entry_alone, pointer_of_entry
    target.set_env = set_env_if_emitted
    try:
        yield
    finally:
        library._optimize_final_module, library._finalize_final_module = optimize, finish
        library.get_pointer_to_function, target.set_env = pointer, set_env
