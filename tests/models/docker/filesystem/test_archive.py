"""Archives that mean no good: bounded before anything of them is kept, and inside of the place they are unpacked to (reliability E5)."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import tracemalloc
from collections.abc import Iterator

import pytest

from cutaway.models.docker.errors import InvalidError
from cutaway.models.docker.filesystem import archive
from cutaway.models.docker.filesystem.nodes import Directory, File, Link, Special
from cutaway.models.docker.images import packing

MOST = 1 << 20


def member(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, target: str = "") -> bytes:
    made = tarfile.TarInfo(name)
    made.type, made.size, made.linkname = kind, size, target
    made.devmajor, made.devminor = 1, 3
    return made.tobuf(tarfile.GNU_FORMAT)


def unpacked(*members: bytes, packed: bool = False) -> dict[str, object]:
    content = b"".join(members) + bytes(1024)
    return dict(archive.unpacked(io.BytesIO(gzip.compress(content) if packed else content), MOST))


def test_names_stay_inside() -> None:
    names = ("/absolute", "../../above", "a/../../b", "//two", "./c")
    found = unpacked(*map(member, names))
    assert list(found) == ["/absolute", "/above", "/b", "/two", "/c"] and all(isinstance(node, File) for node in found.values())


def test_links_and_devices_are_of_the_simulation() -> None:
    found = unpacked(member("s", tarfile.SYMTYPE, target="/etc/shadow"), member("h", tarfile.LNKTYPE, target="../../etc/shadow"),
                     member("d", tarfile.CHRTYPE), member("f", tarfile.FIFOTYPE), member("x/", tarfile.DIRTYPE))  # fmt: skip
    assert isinstance(found["/s"], Link) and "/h" not in found      # what it links to is not in the archive
    assert isinstance(found["/d"], Special) and isinstance(found["/f"], Special) and isinstance(found["/x"], Directory)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("members", "why"),
    [
        ([member("big", size=10 << 30)], "holds more than 1,048,576 bytes"),
        ([member("big", tarfile.GNUTYPE_SPARSE, size=10 << 30)], "holds more|unexpected end|invalid"),
        ([member("././@LongLink", tarfile.GNUTYPE_LONGNAME, size=8 << 30)], "header of more than"),
        ([member("x", tarfile.XHDTYPE, size=8 << 30)], "header of more than"),
        ([member("a" * 90, size=5000)], "unexpected end of data"),
        ([b"nonsense" * 100], "Error processing tar file"),
        ([member("././@LongLink", tarfile.GNUTYPE_LONGNAME, size=5000), b"n" * 5000 + bytes(120), member("x")], "file name too long"),
        ([member("././@LongLink", tarfile.GNUTYPE_LONGNAME, size=9), b"a/b".ljust(512, b"\0")] * 2000, "Error processing|recursion"),
    ],
)  # fmt: skip
def test_what_promises_too_much_is_refused(members: list[bytes], why: str, packed: bool) -> None:
    with pytest.raises(InvalidError, match=why):
        unpacked(*members, packed=packed)


def test_entries_without_end_are_refused_and_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_ENTRIES", 3000)

    class Endless(io.RawIOBase):
        """Entries without end; they are counted, not read."""

        def __init__(self) -> None:
            self.block, self.at = member("entry"), 0

        def read(self, size: int = -1) -> bytes:
            self.at += size
            return self.block[:size]

        def seek(self, position: int, whence: int = 0) -> int:
            self.at = position
            return position

        def tell(self) -> int:
            return self.at
    tracemalloc.start()
    with pytest.raises(InvalidError, match="more than 3,000 entries"):
        archive.check(Endless(), MOST)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def test_what_is_packed_is_bounded_unpacked() -> None:
    """A megabyte of zeros is a few kilobytes packed."""
    def pieces() -> Iterator[bytes]:
        for k in range(3):
            yield member(f"{k}", size=1 << 20) + bytes(1 << 20)
    into = io.BytesIO()
    with gzip.GzipFile(fileobj=into, mode="wb", compresslevel=1) as packed:
        for piece in pieces():
            packed.write(piece)
    into.seek(0)
    with pytest.raises(InvalidError, match="holds more than"):
        dict(archive.unpacked(into, MOST))


def test_names_that_are_no_text() -> None:
    found = unpacked(member("a\udc80b"), member("s", tarfile.SYMTYPE, target="\udc81"))
    assert json.dumps(list(found), ensure_ascii=False).encode() and list(found) == ["/a\ufffdb", "/s"]


def test_a_layer_that_is_named_often_is_unpacked_once() -> None:
    layer = member("file", size=1000) + bytes(1024) + bytes(1024)
    config = json.dumps({"created": "2024-01-01T00:00:00Z", "rootfs": {"diff_ids": ["sha256:x"] * 5000}}).encode()
    manifest = json.dumps([{"Config": "c", "Layers": ["l"] * 5000}]).encode()
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w") as made:
        for name, content in (("l", layer), ("c", config), ("manifest.json", manifest)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
    into.seek(0)
    (image, _), = packing.unpacked(into, MOST)
    assert len({id(one.files) for one in image.layers}) == 1
