"""Films and pictures without a window: frame n shows the time n / fps of the film, so the same traces give the same bytes.

What is written gets its name only when it is whole. MP4 is made by PyAV, WebP and GIF by pillow (both in the extra `video`), PNG by Pygame.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from errno import EIO, ENOENT
from fractions import Fraction
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any

import pygame

from cutaway.visuals.controls import Controls
from cutaway.visuals.layout import scale_and_canvas
from cutaway.visuals.scene import Scene
from cutaway.visuals.surface import SurfacePicture
from cutaway.visuals.view import View

FORMATS = {".mp4": "av", ".webp": "PIL.Image", ".gif": "PIL.Image", ".png": ""}
BT_709, NARROW_RANGE = 1, 1
HELD_S = 3.0
FRAMES_MAX = 108_000
"""An hour at 30 frames a second."""


class RecordingError(Exception):
    """A recording that cannot be made, in one sentence."""


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A file to write to, that gets its name when all went well and disappears otherwise."""
    if not path.parent.is_dir():
        raise FileNotFoundError(ENOENT, "there is no such folder", str(path.parent))
    part = path.with_name(f".{path.stem}.part{path.suffix}")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


class Studio:
    """Draws frames of a view on a surface of its own."""

    def __init__(self, view: View, size: tuple[int, int]) -> None:
        self.view, self.scene = view, Scene()
        self.surface = pygame.Surface(size, 0, 32)
        self.picture = SurfacePicture(self.surface, scale_and_canvas(*size)[0])

    def frame(self) -> pygame.Surface:
        self.scene.draw(self.view, self.picture)
        return self.surface


def take_picture(view: View, path: Path, size: tuple[int, int]) -> None:
    """The view as a PNG. Raises OSError."""
    write_png(Studio(view, size).frame(), path)


def write_png(surface: pygame.Surface, path: Path) -> None:
    """Whole or not at all. Raises OSError."""
    # Pygame does not look at what became of its writes: it makes the bytes, and we write them.
    png = BytesIO()
    try:
        pygame.image.save(surface, png, path.name)
    except pygame.error as error:
        raise OSError(EIO, str(error), str(path)) from None
    with whole(path) as part:
        part.write_bytes(png.getbuffer())


def frames(view: View, size: tuple[int, int], end_ns: int, fps: int, keep_speed: bool, held_s: float = 0) -> Iterator[pygame.Surface]:
    """The film's frames, each at its own time; cues change the speed unless it is to be kept. The last picture stands for `held_s`."""
    studio, controls = Studio(view, size), Controls(view)
    view.playing, view.hint = True, False
    asked = view.speed
    start_ns, number = view.time_ns, 0
    while number < FRAMES_MAX:
        if keep_speed:
            view.time_ns, view.speed = min(start_ns + round(Fraction(number, fps) * Fraction(asked) * 1_000_000_000), end_ns), asked
        yield studio.frame()
        number += 1
        if view.time_ns >= end_ns:
            for _ in range(round(held_s * fps)):
                yield studio.surface
            return
        if not keep_speed:
            controls.until_ns = None
            view.playing = True
            controls.advance(1 / fps)
            view.time_ns, view.playing = min(view.time_ns, end_ns), True


def make_film(view: View, path: Path, size: tuple[int, int], end_ns: int | None, fps: int, *, keep_speed: bool) -> None:
    """Writes the film from the view's time to `end_ns`; or to the timeline's end, where it stands still long enough to read it."""
    film = frames(view, size, view.range_ns()[1] if end_ns is None else end_ns, fps, keep_speed, HELD_S if end_ns is None else 0)
    write_film(path, film, size, fps)


def write_film(path: Path, film: Iterator[pygame.Surface], size: tuple[int, int], fps: int) -> None:
    """Frames as they come, whole or not at all. Raises OSError, RecordingError."""
    writer = needed(path)
    with whole(path) as part:
        if path.suffix == ".mp4":
            _mp4(writer, part, film, size, fps)
        else:
            _animation(writer, part, film, fps)


def needed(path: Path) -> Any:
    """The module that writes such a film. Raises RecordingError."""
    module = FORMATS.get(path.suffix.lower())
    if module is None or not module:
        raise RecordingError(f"{path.name} ends with '{path.suffix}'; a film is one of .gif, .mp4, .webp, and a picture (--at) is .png.")
    try:
        return import_module(module)
    except ImportError:
        raise RecordingError(
            f"Writing {path.suffix} needs {module.split('.')[0]}, which is not installed: pip install 'cutaway[video]'."
        ) from None


def _mp4(av: Any, path: Path, film: Iterator[pygame.Surface], size: tuple[int, int], fps: int) -> None:
    even = size[0] // 2 * 2, size[1] // 2 * 2
    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as container:
        # One thread: the bytes then do not depend on how many CPUs there are.
        stream = container.add_stream("libx264", rate=fps, options={"preset": "veryfast", "crf": "18", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = *even, "yuv420p"
        # Said in the file, so that players show the palette's own colours: BT.709, as for all HD video.
        stream.codec_context.colorspace = stream.codec_context.color_primaries = stream.codec_context.color_trc = BT_709
        stream.codec_context.color_range = NARROW_RANGE
        for surface in film:
            pixels = pygame.surfarray.array3d(surface).swapaxes(0, 1)[: even[1], : even[0]].copy()
            picture = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p", dst_colorspace="ITU709")
            for packet in stream.encode(picture):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


def _animation(image: Any, path: Path, film: Iterator[pygame.Surface], fps: int) -> None:
    def pictures() -> Iterator[Any]:
        for surface in film:
            picture = image.frombytes("RGB", surface.get_size(), pygame.image.tobytes(surface, "RGB"))
            yield picture.quantize(96, method=image.Quantize.FASTOCTREE) if path.suffix == ".gif" else picture

    each = pictures()
    first = next(each)
    options: dict[str, Any] = {"optimize": False} if path.suffix == ".gif" else {"quality": 82, "method": 3}
    first.save(path, save_all=True, append_images=each, duration=round(1000 / fps), loop=0, **options)
