"""Words of a Dockerfile; what is expected is what a real builder made of them (dockerd 20.10), or its source says."""

import pytest

from cutaway.models.docker.building.words import expanded, expanded_words, split
from cutaway.models.docker.errors import InvalidError

VALUES = {"A": "x y", "EMPTY": "", "FILE": "lib.tar.gz"}


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("$A", "x y"), ("${A}b", "x yb"), ("'$A'", "$A"), ('"q$A"', "qx y"), (r"\$A", "$A"), (r"a\ b", "a b"), ("$", "$"),
        ("$NO.", "."),
        ("${NO:-def}", "def"), ("${EMPTY:-def}", "def"), ("${EMPTY-def}", ""), ("${A:+set}", "set"), ("${EMPTY:+set}", ""),
        ("${EMPTY+set}", "set"), ("${NO:-$A}", "x y"), (r'"a\"b"', 'a"b'), ("${FILE%.*}", "lib.tar"), ("${FILE%%.*}", "lib"),
        ("${FILE#*.}", "tar.gz"), ("${FILE##*.}", "gz"), ("${FILE/a/o}", "lib.tor.gz"), ("${FILE//[/-}", "lib.tar.gz"),
        ("${A//?/z}", "zzz"),
    ],
)  # fmt: skip
def test_variables(word: str, found: str) -> None:
    assert expanded(word, VALUES) == found


@pytest.mark.parametrize(
    ("word", "why"),
    [
        ("${A", "syntax error: missing '}'"), ("${}", "syntax error: bad substitution"), ("${NO:?no such}", "NO: no such"),
        ("${NO?}", "NO: is not allowed to be unset"), ("${EMPTY:?}", "EMPTY: is not allowed to be empty"),
        ("${A:=b}", "unsupported modifier (:=) in substitution"),
        ("'a", "unexpected end of statement while looking for matching single-quote"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_them(word: str, why: str) -> None:
    with pytest.raises(InvalidError) as refused:
        expanded(word, VALUES)
    assert refused.value.message == f'failed to process "{word}": {why}'


def test_another_escape() -> None:
    assert expanded(r"`$A \$A", VALUES, "`") == r"$A \x y"


def test_words_are_split_where_no_quote_holds_them() -> None:
    assert split(r'a="b c" d=\  e') == ['a="b c"', r"d=\ ", "e"]
    assert expanded_words("$A 80 '1 2'", VALUES) == ["x", "y", "80", "1 2"]
