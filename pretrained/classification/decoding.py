"""From the bytes of a file to the pixels that a model learns from: every kind that the page opens,
decoded as it decodes them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image

from pretrained import picture_files
from pretrained.classification.folders import named_briefly
from pretrained.errors import BadData
from pretrained.pixels import upright_rgb

#: What is told of a picture that is read, but perhaps not as it was meant.
FRAMES = "have several frames or pages, of which the first is taken"
BLACK = "are nearly black: if they should not be, save them with 8 bits"
DARK = 4_096  # of 65,536; the brightest pixel of such a picture is darker, as of 12 bits in 16
DAMAGED = "this picture is damaged: remove or replace it"
#: What `picture_files.opened` says, as the command line says it.
REASONS = {
    "picture_heic": "it is a HEIC picture, whatever its name ends in, that cannot be read here: "
    "save it as JPEG, or run `pip install pillow-heif` if that is missing",
    "picture_vector": "it is a drawing (SVG): save it as PNG",
    "picture_too_large": "it is too large to decode: make it smaller",
    "picture_costly": "it would take too long to decode: save it anew",
    "picture_comments": "it holds too long comments: save it anew",
}


def decoded(cell: bytes | Path, place: str) -> Image.Image:
    """A picture as RGB: the first frame, upright, transparency on white. ``info["odd"]`` holds
    what is told of it, `FRAMES` or `BLACK`, if anything.

    Args:
        cell: its encoded bytes, or its file.
        place: how a refusal names it.

    Raises:
        BadData: it is damaged, or of a kind that is not read.
    """
    try:
        content = cell if isinstance(cell, bytes) else cell.read_bytes()
        picture = picture_files.opened(content)
        picture.seek(0)
        shown = upright_rgb(picture)
        shown.info["odd"] = oddities(picture)
        return shown
    except MemoryError:
        raise
    except picture_files.NoPicture as error:
        raise BadData(path=place, reason=REASONS.get(error.code, DAMAGED)) from error
    except OSError as error:
        reason = "its file cannot be read: check that it may be" if error.errno else DAMAGED
        raise BadData(path=place, reason=reason) from error
    except Exception as error:  # Pillow's plug-ins raise nearly anything on damaged data
        raise BadData(path=place, reason=DAMAGED) from error


def oddities(picture: Image.Image) -> list[str]:
    """What is told of an opened and decoded picture: `FRAMES`, `BLACK`, both or nothing."""
    black = picture.mode.startswith("I") and _is_nearly_black(np.asarray(picture))
    return [FRAMES] * bool(picture.info.get("first_of_many")) + [BLACK] * black


def _is_nearly_black(values: np.ndarray) -> bool:
    """Whether a picture of 16 bits is dark, and stretching it would show something."""
    least, most = int(values.min()), int(values.max())
    return least < most and 0 < most < DARK


class Decoder:
    """Decodes the pictures of a split, and tells which of them were left out, and which are read,
    but perhaps not as they were meant."""

    def __init__(self) -> None:
        self.count = 0
        self.lost: dict[str, list[str]] = defaultdict(list)
        self.odd: dict[str, list[str]] = defaultdict(list)

    def picture(self, cell: bytes | Path, place: str) -> Image.Image | None:
        """One more, as `decoded` gives it; None where it cannot be decoded."""
        self.count += 1
        try:
            shown = decoded(cell, place)
        except BadData as refusal:
            self.lost[refusal.fields["reason"]].append(place)
            return None
        for what in shown.info["odd"]:
            self.odd[what].append(place)
        return shown

    def told(self, split: str) -> list[str]:
        """A sentence for each reason: how many, why, and where they stand."""
        return [
            f"{len(places)} of {self.count} pictures of {split} are left out, {reason} "
            f"({named_briefly(places)})"
            for reason, places in self.lost.items()
        ] + [
            f"{len(places)} pictures of {split} {what} ({named_briefly(places)})"
            for what, places in self.odd.items()
        ]
