"""From the bytes of a file to the pixels that a model learns from: every kind that the page opens,
decoded as it decodes them."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from pretrained import picture_files
from pretrained.errors import BadData
from pretrained.pixels import upright_rgb

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
    """A picture as RGB: the first frame, upright, transparency on white.

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
        return upright_rgb(picture)
    except MemoryError:
        raise
    except picture_files.NoPicture as error:
        raise BadData(path=place, reason=REASONS.get(error.code, DAMAGED)) from error
    except OSError as error:
        reason = "its file cannot be read: check that it may be" if error.errno else DAMAGED
        raise BadData(path=place, reason=reason) from error
    except Exception as error:  # Pillow's plug-ins raise nearly anything on damaged data
        raise BadData(path=place, reason=DAMAGED) from error
