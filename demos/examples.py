"""Pictures to try, out of packages that requirements.txt names anyway: we ship no photographs.

What each model says of them is held by tests that ask the real one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.util import find_spec
from pathlib import Path

from PIL import Image

from demos import pictures
from demos.language import DEMOS, Say

SIDE = 144  # pixels of a thumbnail: about 4 kB to send instead of half a megabyte


@dataclass(frozen=True)
class Example:
    """A picture.

    Attributes:
        name: word key ``<tab>.example.<name>``.
        package: what holds it; "demos" for our own.
        file: path inside ``package``.
        right: the short names of what it shows; none where the model has no name for it.
        group: of what it shows.
        fools: whether the answer is wrong, and the page says so.
    """

    name: str
    package: str
    file: str
    right: tuple[str, ...] = ()
    group: str = ""
    fools: bool = False

    @property
    def path(self) -> Path | None:
        """Where the file is, without importing its package. None if it is not installed."""
        if self.package == "demos":
            return DEMOS / self.file
        spec = find_spec(self.package)
        if spec is None or not spec.submodule_search_locations:
            return None
        path = Path(spec.submodule_search_locations[0]) / self.file
        return path if path.is_file() else None


@cache
def thumbnail(example: Example) -> Image.Image:
    """A square of `SIDE` pixels from the middle of a picture that is installed."""
    picture = pictures.open_picture(str(example.path))
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    square = picture.crop((left, top, left + side, top + side))
    return square.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


def strip(say: Say, tab: str, examples: Sequence[Example], label: str) -> str:
    """Real buttons, each a picture with its name, that are wired by the page's ``data-pick``.

    Args: label: the key of what the group is called."""
    buttons = []
    for example in examples:
        name = say(f"{tab}.example.{example.name}")
        shown = pictures.img(thumbnail(example), name)
        pick = f'data-pick="{escape(example.name)}"'
        buttons.append(f'<button type="button" {pick} title="{name}">{shown}</button>')
    return f'<div class="strip" role="group" aria-label="{say(label)}">{"".join(buttons)}</div>'
