"""What keys do in the live view. Keys come by their names, so that this needs no window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cutaway.visuals import palette
from cutaway.visuals.docker.drawing import Look
from cutaway.visuals.docker.process import Wish


@dataclass
class Controls:
    """The viewer's hand. `quit` is set when the window should close, `want` when it should do something that only it can."""

    look: Look
    wish: Callable[[Wish], None]
    quit: bool = field(default=False, init=False)
    want: str = field(default="", init=False)
    """`full screen`, `leave`, `picture`."""

    def press(self, key: str) -> None:
        """One key, by Pygame's name of it."""
        look = self.look
        look.message = ""
        if look.screen:
            look.screen = ""
            return
        match key:
            case "space" | "page down":
                self.wish("step")
            case "h":
                self.wish("go")
            case "up" | "down":
                self.wish("faster" if key == "up" else "slower")
            case "l":
                look.language = "en" if look.language == "ko" else "ko"
            case "t":
                order = palette.ORDER
                look.palette_name = order[(order.index(look.palette_name) + 1) % len(order)]
            case "b" | ".":
                look.screen = "black"
            case "s" | "f5" | "escape":
                self.want = {"s": "picture", "f5": "full screen", "escape": "leave"}[key]
            case "q":
                self.quit = True
