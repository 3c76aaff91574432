"""Files: the path walk, the page cache, and the disk beneath it.

Serves: open, stat, close, read, flush. Hands down: nothing. A container's overlay costs a second walk; its data then come from the same
page cache.
Not modelled: writing back, what a journal does in a flush (its time is measured as a whole), copy-up, read-ahead, eviction of pages.
Read first: docs/models/storage.md, and fs/overlayfs/ of Linux for the overlay.
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.models.costs import Profile
from cutaway.models.layer import Layer, kib
from cutaway.models.operations import CloseFile, FlushFile, OpenFile, Operation, ReadFile, StatFile
from cutaway.models.placement import Site
from cutaway.sim.machine import DiskAccess, Step


class Storage(Layer):
    """The file systems of one kernel."""

    def __init__(self, profile: Profile, site: Site, slower_by: str = "") -> None:
        super().__init__(profile, slower_by)
        self.site = site

    def lower(self, operation: Operation) -> Iterator[Step | Operation]:
        match operation:
            case OpenFile(thread=thread, overlay=overlay):
                yield self.work(self.site.layer, "open: walk the path", thread, "open file")
                if overlay:
                    yield self.work(self.site.layer, "overlay: walk the layers", thread, "overlay open")
            case StatFile(thread=thread, overlay=overlay):
                extra = ["overlay stat"] if overlay else []
                yield self.work(self.site.layer, "fstat", thread, "null system call", *extra)
            case CloseFile(thread=thread):
                yield self.work(self.site.layer, "close", thread, "close file")
            case ReadFile(thread=thread, size_bytes=size, overlay=overlay, cached=cached):
                if not cached:
                    yield DiskAccess("hardware", "read from the disk", "disk", size)
                extra = ["overlay read"] if overlay else []
                yield self.work(self.site.layer, "read from the page cache", thread, "read call", ("read copy per KiB", kib(size)), *extra)
            case FlushFile(thread=thread, size_bytes=size, disk=disk, cost=cost):
                yield self.work(self.site.layer, "write, fdatasync", thread, cost)
                yield DiskAccess("hardware", "flush to the disk", disk, size)
            case _:
                yield operation
