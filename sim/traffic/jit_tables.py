"""Teaches Numba the type `Tables`: in compiled code one pointer, whose attributes are the tables.

Handing twenty arrays to every function made compilation take 107 s (measured) and each call 54 ns; a pointer to a directory of
addresses takes 13 ns, and Numba drops all reference counting, because nothing that is passed owns memory. The Python object keeps
the tables alive for as long as a call lasts. A table is not one of Numba's arrays either, which look at each index whether it is
negative, and copy a row byte by byte: here w.tasks[t] is an address, and nothing else. So no index may be negative.
Read first: "Low-level extension API" of Numba's documentation.
"""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_builtin, lower_getattr_generic
from numba.core.types.containers import UniTuple
from numba.core.typing.templates import AbstractTemplate, AttributeTemplate, infer_getattr, infer_global, signature
from numba.extending import NativeValue, models, register_model, typeof_impl, unbox
from numba.np.numpy_support import from_dtype

from cutaway.sim.traffic.tables import DTYPES, PLAIN, TABLE_NAMES, Tables

_WORDS = 3
_BYTES = 8
_WORD = ir.IntType(64)


class TablesType(types.Type):
    """The type of `Tables` in compiled code."""

    def __init__(self) -> None:
        super().__init__(name="CutawayTables")


class RowsType(types.Type):
    """A table of named columns: an index gives a row, to read and to write."""

    def __init__(self, table: str) -> None:
        super().__init__(name=f"CutawayRows({table})")
        self.table = table
        self.row = from_dtype(DTYPES[table])


class NumbersType(types.Type):
    """A plain table of one or two dimensions."""

    def __init__(self, table: str) -> None:
        super().__init__(name=f"CutawayNumbers({table})")
        self.table = table
        self.index = types.int64 if PLAIN[table] == 1 else UniTuple(types.int64, 2)


_TABLES = TablesType()
_TYPES: dict[str, RowsType | NumbersType] = {name: RowsType(name) if name in DTYPES else NumbersType(name) for name in TABLE_NAMES}


# --- their types -------------------------------------------------------------------------------------------------------------------


@typeof_impl.register(Tables)
def _type_of_tables(value: Tables, context: Any) -> TablesType:
    return _TABLES


@infer_getattr
class _TablesAttributes(AttributeTemplate):  # type: ignore[misc]
    key = TablesType

    def generic_resolve(self, type_: TablesType, name: str) -> RowsType | NumbersType | None:
        return _TYPES.get(name)


@infer_global(operator.getitem)
class _GetItem(AbstractTemplate):  # type: ignore[misc]
    def generic(self, args: Any, keywords: Any) -> Any:
        if isinstance(args[0], RowsType):
            return signature(args[0].row, args[0], types.int64)
        return signature(types.int64, args[0], args[0].index) if isinstance(args[0], NumbersType) else None


@infer_global(operator.setitem)
class _SetItem(AbstractTemplate):  # type: ignore[misc]
    def generic(self, args: Any, keywords: Any) -> Any:
        if isinstance(args[0], RowsType):
            return signature(types.none, args[0], types.int64, args[0].row)
        return signature(types.none, args[0], args[0].index, types.int64) if isinstance(args[0], NumbersType) else None


@infer_global(len)
class _Length(AbstractTemplate):  # type: ignore[misc]
    def generic(self, args: Any, keywords: Any) -> Any:
        return signature(types.int64, args[0]) if isinstance(args[0], RowsType) else None


# --- what they are: the directory's address, and nothing more -----------------------------------------------------------------------


@register_model(TablesType)
@register_model(RowsType)
@register_model(NumbersType)
class _Address(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, type_: types.Type) -> None:
        super().__init__(manager, type_, _WORD)


@unbox(TablesType)
def _unbox_tables(type_: TablesType, value: Any, c: Any) -> NativeValue:
    address = c.pyapi.object_getattr_string(value, "address")
    native = c.pyapi.long_as_longlong(address)
    c.pyapi.decref(address)
    return NativeValue(native, is_error=cgutils.is_not_null(c.builder, c.pyapi.err_occurred()))


@lower_getattr_generic(TablesType)
def _get_table(context: Any, builder: Any, type_: TablesType, value: Any, name: str) -> Any:
    return value


def _directory(builder: Any, directory: Any, table: str, column: int) -> Any:
    """The address of a table (column 0), its rows (1) or its columns (2)."""
    place = builder.gep(builder.inttoptr(directory, _WORD.as_pointer()), [_WORD(TABLE_NAMES.index(table) * _WORDS + column)])
    found = builder.load(place)
    # it stays the same as long as a call lasts, whatever is written elsewhere, so it is read once
    found.set_metadata("invariant.load", builder.module.add_metadata([]))
    return found


@lower_builtin(len, RowsType)
def _length(context: Any, builder: Any, signature_: Any, args: Any) -> Any:
    return _directory(builder, args[0], signature_.args[0].table, 1)


def _row(context: Any, builder: Any, type_: RowsType, directory: Any, index: Any) -> Any:
    size = _WORD(type_.row.size)
    address = builder.add(_directory(builder, directory, type_.table, 0), builder.mul(index, size))
    return builder.inttoptr(address, context.get_value_type(type_.row))


@lower_builtin(operator.getitem, RowsType, types.int64)
def _get_row(context: Any, builder: Any, signature_: Any, args: Any) -> Any:
    return _row(context, builder, signature_.args[0], *args)


@lower_builtin(operator.setitem, RowsType, types.int64, types.Record)
def _copy_row(context: Any, builder: Any, signature_: Any, args: Any) -> Any:
    type_ = signature_.args[0]
    words = ir.ArrayType(_WORD, type_.row.size // _BYTES).as_pointer()
    source, target = builder.bitcast(args[2], words), builder.bitcast(_row(context, builder, type_, args[0], args[1]), words)
    for k in range(type_.row.size // _BYTES):
        here = [_WORD(0), _WORD(k)]
        builder.store(builder.load(builder.gep(source, here)), builder.gep(target, here))
    return context.get_dummy_value()


def _number(context: Any, builder: Any, type_: NumbersType, directory: Any, index: Any) -> Any:
    if type_.index != types.int64:
        row, column = cgutils.unpack_tuple(builder, index, 2)
        index = builder.add(builder.mul(row, _directory(builder, directory, type_.table, 2)), column)
    return builder.gep(builder.inttoptr(_directory(builder, directory, type_.table, 0), _WORD.as_pointer()), [index])


@lower_builtin(operator.getitem, NumbersType, types.int64)
@lower_builtin(operator.getitem, NumbersType, UniTuple)
def _get_number(context: Any, builder: Any, signature_: Any, args: Any) -> Any:
    return builder.load(_number(context, builder, signature_.args[0], *args))


@lower_builtin(operator.setitem, NumbersType, types.int64, types.int64)
@lower_builtin(operator.setitem, NumbersType, UniTuple, types.int64)
def _set_number(context: Any, builder: Any, signature_: Any, args: Any) -> Any:
    builder.store(args[2], _number(context, builder, signature_.args[0], args[0], args[1]))
    return context.get_dummy_value()
