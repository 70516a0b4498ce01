"""A decoded picture as every model sees it: 8-bit RGB, upright, transparency laid on white.

Training, scoring and serving all read pictures through here, so that a turned photo or a glass
logo is the same picture to all of them.
"""

from __future__ import annotations

import numpy as np
from PIL import ExifTags, Image

TURNS = {  # EXIF orientation -> what undoes it (Exif 2.32, tag 0x0112)
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
BAND = 2_000_000  # pixels that are converted at a time
MISSING = 1 / 8  # of its height: how much of a JPEG that breaks off is let pass


def upright_rgb(picture: Image.Image, max_side: int | None = None) -> Image.Image:
    """An opened picture as RGB, at most ``max_side`` pixels wide and high.

    Besides the decoded picture and the result only a band of it is held in memory: a large one is
    converted and shrunk band by band, and turned when it is small.

    Raises:
        Exception: nearly anything, where the file is damaged.
    """
    picture.load()
    if picture.info.get("cut_short") and _breaks_off(picture):
        raise OSError("the end of the picture is missing")
    width, height = picture.size
    scale = min(1.0, (max_side or max(picture.size)) / max(picture.size))
    step = max(1, int(0.5 / scale))  # averaged over step x step; the fine work is Lanczos's
    bounds = _range(picture)
    rgb = Image.new("RGB", (-(-width // step), -(-height // step)))
    rows = max(1, BAND // width // step) * step
    for top in range(0, height, rows):
        band = picture.crop((0, top, width, min(top + rows, height)))
        rgb.paste(_to_rgb(band, bounds).reduce(step), (0, top // step))
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        box = (0.0, 0.0, width / step, height / step)
        rgb = rgb.resize(size, Image.Resampling.LANCZOS, box, reducing_gap=2.0)
    turn = TURNS.get(_orientation(picture))
    return rgb if turn is None else rgb.transpose(turn)


def _breaks_off(picture: Image.Image) -> bool:
    """Whether more than `MISSING` of a decoded JPEG is what the decoder puts where no data is: the
    grey of coefficients that are all zero."""
    top = picture.height - max(1, round(picture.height * MISSING))
    bands = picture.crop((0, top, *picture.size)).split()
    return all(band.getextrema() in ((127, 127), (128, 128)) for band in bands)


def is_turned(picture: Image.Image) -> bool:
    """Whether an opened picture is shown otherwise than it is stored."""
    return _orientation(picture) in TURNS


def lies_on_its_side(picture: Image.Image) -> bool:
    """Whether the camera was held so that width and height of an opened picture change places."""
    return _orientation(picture) in range(5, 9)


def _orientation(picture: Image.Image) -> int:
    """As the camera noted it; a damaged note is ignored."""
    try:
        return int(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except MemoryError:
        raise
    except Exception:  # whatever the note holds
        return 1


def _range(picture: Image.Image) -> tuple[float, float] | None:
    """Black and white of a grey picture of more than 8 bits; None for any other."""
    if picture.mode == "F":
        low, high = picture.getextrema()
        return float(low), float(high)  # type: ignore[arg-type]
    return (0.0, 65535.0) if picture.mode.startswith("I") else None


def _to_rgb(picture: Image.Image, bounds: tuple[float, float] | None) -> Image.Image:
    """Any mode to 8-bit RGB: deep greys scaled from ``bounds``, alpha composed on white."""
    if bounds is not None:
        low, high = bounds
        values = (np.asarray(picture, dtype=np.float64) - low) / max(high - low, 1e-12)
        picture = Image.fromarray((values.clip(0, 1) * 255).round().astype(np.uint8))
    if picture.has_transparency_data:
        rgba = picture.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        return Image.alpha_composite(white, rgba).convert("RGB")
    return picture.convert("RGB")
