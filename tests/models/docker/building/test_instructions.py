"""Mistakes in a Dockerfile, told as dockerd 20.10 told them; where 28 says it otherwise, as that does."""

from collections.abc import Callable

import pytest

ON_LINE = "dockerfile parse error on line 2: "
BEFORE = "failed to parse Dockerfile: "


@pytest.mark.parametrize(
    ("dockerfile", "why"),
    [
        ("", "the Dockerfile (Dockerfile) cannot be empty"),
        ("# only\n", BEFORE + "file with no instructions"),
        ("RUN x\n", "no build stage in current context"),
        ("FROM a b c\n", "dockerfile parse error on line 1: FROM requires either one or three arguments"),
        ("FROM a AS 1a\n", 'dockerfile parse error on line 1: invalid name for build stage: "1a", name can\'t start with a number or '
                           "contain symbols"),
        ("FOO bar\n", ON_LINE + "unknown instruction: FOO (did you mean FROM?)"),
        ("rum bar\n", ON_LINE + "unknown instruction: rum (did you mean run?)"),
        ("services:\n", ON_LINE + "unknown instruction: services:"),
        ("COPY a\n", ON_LINE + "COPY requires at least two arguments, but only one was provided. Destination could not be determined"),
        ('COPY ["a"]\n', ON_LINE + "COPY requires at least two arguments, but only one was provided. Destination could not be determined"),
        ("COPY --foo=1 a /\n", ON_LINE + "unknown flag: --foo"),
        ("COPY --chown a /\n", BEFORE + "Missing a value on flag: chown"),
        ("ENV A\n", BEFORE + "ENV must have two arguments"),
        ("ENV A=b C\n", BEFORE + 'Syntax error - can\'t find = in "C". Must be of the form: name=value'),
        ("ENV =b\n", ON_LINE + "ENV names can not be blank"),
        ("LABEL\n", ON_LINE + "LABEL requires at least one argument"),
        ("EXPOSE\n", ON_LINE + "EXPOSE requires at least one argument"),
        ("USER\n", ON_LINE + "USER requires exactly one argument"),
        ("SHELL a\n", ON_LINE + "SHELL requires the arguments to be in JSON form"),
        ('CMD ["a", 1]\n', BEFORE + "when using JSON array syntax, arrays must be comprised of strings only"),
        ("ONBUILD FROM x\n", ON_LINE + "FROM isn't allowed as an ONBUILD trigger"),
        ("ONBUILD ONBUILD RUN x\n", ON_LINE + "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"),
        ("HEALTHCHECK FOO\n", ON_LINE + 'Unknown type "FOO" in HEALTHCHECK (try CMD)'),
        ("HEALTHCHECK CMD\n", ON_LINE + "Missing command after HEALTHCHECK CMD"),
        ("HEALTHCHECK --interval=x CMD a\n", ON_LINE + 'time: invalid duration "x"'),
        ("HEALTHCHECK --interval=5 CMD a\n", ON_LINE + 'time: missing unit in duration "5"'),
        ("HEALTHCHECK --interval=1us CMD a\n", ON_LINE + 'Interval "interval" cannot be less than 1ms'),
    ],
)  # fmt: skip
def test_mistakes(dockerfile: str, why: str, refusal: Callable[..., str]) -> None:
    has_base = not dockerfile or dockerfile.startswith(("FROM", "RUN", "#"))
    assert refusal(dockerfile if has_base else f"FROM busybox\n{dockerfile}") == why


def test_a_target_that_is_not_there(refusal: Callable[..., str]) -> None:
    assert refusal("FROM busybox AS a\n", target="zz") == "failed to reach build target zz in Dockerfile"
    assert refusal("FROM busybox\n", dockerfile="no.df") == "Cannot locate specified Dockerfile: no.df"
