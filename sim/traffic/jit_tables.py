"""Teaches Numba the type `Tables`: in compiled code one pointer, whose attributes are the tables.

Handing twenty arrays to every function made compilation take 107 s (measured) and each call 54 ns; a pointer to a directory of
addresses takes 13 ns, and Numba drops all reference counting, because nothing that is passed owns memory. The Python object keeps
the tables alive for as long as a call lasts. Read first: "Low-level extension API" of Numba's documentation.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import NativeValue, models, register_model, typeof_impl, unbox
from numba.np.arrayobj import populate_array
from numba.np.numpy_support import from_dtype

from cutaway.sim.traffic.tables import DTYPES, PLAIN, TABLE_NAMES, Tables

_WORDS = 3
_BYTES = 8


class TablesType(types.Type):
    """The type of `Tables` in compiled code."""

    def __init__(self) -> None:
        super().__init__(name="CutawayTables")

    def table(self, name: str) -> types.Array:
        """The array type of one table."""
        if name in DTYPES:
            return types.Array(from_dtype(DTYPES[name]), 1, "C")
        return types.Array(types.int64, PLAIN[name], "C")


_TABLES = TablesType()


@typeof_impl.register(Tables)
def _type_of_tables(value: Tables, context: Any) -> TablesType:
    return _TABLES


@register_model(TablesType)
class _TablesModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, manager: Any, type_: TablesType) -> None:
        super().__init__(manager, type_, ir.IntType(64))


@unbox(TablesType)
def _unbox_tables(type_: TablesType, value: Any, c: Any) -> NativeValue:
    address = c.pyapi.object_getattr_string(value, "address")
    native = c.pyapi.long_as_longlong(address)
    c.pyapi.decref(address)
    return NativeValue(native, is_error=cgutils.is_not_null(c.builder, c.pyapi.err_occurred()))


@infer_getattr
class _TablesAttributes(AttributeTemplate):  # type: ignore[misc]
    key = TablesType

    def generic_resolve(self, type_: TablesType, name: str) -> types.Array | None:
        return type_.table(name) if name in TABLE_NAMES else None


@lower_getattr_generic(TablesType)
def _get_table(context: Any, builder: Any, type_: TablesType, value: Any, name: str) -> Any:
    """Makes the array of one table from its three words in the directory; it owns nothing."""
    word = ir.IntType(64)
    base = builder.inttoptr(value, word.as_pointer())
    first = TABLE_NAMES.index(name) * _WORDS
    address, rows, columns = (builder.load(builder.gep(base, [word(first + k)])) for k in range(_WORDS))
    array_type = type_.table(name)
    array = context.make_array(array_type)(context, builder)
    size = word(context.get_abi_sizeof(context.get_data_type(array_type.dtype)))
    if array_type.ndim == 2:
        shape, strides = [rows, columns], [builder.mul(columns, word(_BYTES)), size]
    else:
        shape, strides = [rows], [size]
    populate_array(
        array,
        data=builder.inttoptr(address, array.data.type),
        shape=cgutils.pack_array(builder, shape),
        strides=cgutils.pack_array(builder, strides),
        itemsize=size,
        meminfo=None,
    )
    return array._getvalue()
