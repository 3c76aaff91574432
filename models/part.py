"""What all parameters of the models have in common: the base class of every mapping in a scenario file.

A parameter class stands in its layer's own file. Its docstrings are the help that editors show and `cutaway schema` exports.
In the file a name is written with spaces (`halt polling`), in Python with underscores (`halt_polling`).
Read first: models/units.py.
"""

from pydantic import BaseModel, ConfigDict

STRING_CHARS_MAX = 4096


def _as_written(name: str) -> str:
    return name.replace("_", " ")


class Part(BaseModel):
    """A part of a scenario: frozen, and strict, so that a mistake is found where it was written and not where it hurts."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        allow_inf_nan=False,
        frozen=True,
        use_attribute_docstrings=True,
        alias_generator=_as_written,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        str_max_length=STRING_CHARS_MAX,
    )
