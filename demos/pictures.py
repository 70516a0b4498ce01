"""Pictures in, pictures out: a visitor's file becomes RGB pixels, arrays become pictures to show.

Decoding is the one place where a stranger's bytes meet a C library, so it is strict: size on disk
first, then what the file holds beside its pixels (`pretrained.picture_files`), then the pixels;
only formats that a camera or a browser writes; every refusal a `BadPicture` whose code the page
says in the visitor's language. Nothing here knows gradio.
"""

from __future__ import annotations

import base64
import html
import io
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from demos.limits import FileTooLarge
from inference.errors import BadInput
from pretrained import picture_files
from pretrained.pixels import lies_on_its_side, upright_rgb

MAX_BYTES = 50_000_000
MAX_PIXELS = 80_000_000
MIN_SIDE = 8  # below this there is nothing to see: CIFAR-10's pictures, the smallest used, have 32
#: Why a picture cannot be used, by code. Fields stand in braces.
SENTENCES: Mapping[str, str] = {
    "picture_missing": "There is no picture yet: upload one, paste one, or choose an example.",
    "picture_address": "No address is fetched from here: save the picture and send the file.",
    "picture_data_url": "This data: URL holds no picture: it begins with data:image/png;base64, "
    "(or another kind) and goes on with the file's bytes as base64.",
    "picture_empty": "The file is empty: choose another picture.",
    "picture_gone": "The picture was deleted after an hour: send it again.",
    "picture_unreadable": "This file is not a picture that can be read: send a JPEG, PNG or WebP.",
    "picture_truncated": "The picture breaks off in the middle: save it again and send it again.",
    "picture_too_small": "The picture is {width} x {height} pixels, too small to tell "
    "anything: send one of at least {limit} pixels a side.",
    "picture_too_large": "The picture has {width} x {height} pixels, too many to open: "
    "make it smaller than {limit} megapixels and send it again.",
    "picture_vector": "Vector drawings (SVG) cannot be read: export it as PNG and send that.",
    "picture_heic": "This HEIC photo cannot be read here: send it as JPEG.",
    "picture_comments": "The picture carries comments of more than {limit} kB: save it again "
    "without them and send that.",
    "picture_costly": "The picture is built so that reading it would hold up everybody: "
    "save it again as JPEG or PNG and send that.",
    "picture_slow": "The picture could not be opened within {seconds} s: try again in a moment, "
    "or send a smaller one.",
}
OTHER_BASE64 = str.maketrans("-_", "+/", "\r\n\t ")  # as URLs have it, and what stands between
HEAT = np.array([[12, 18, 60], [43, 83, 200], [58, 170, 190], [250, 224, 120], [255, 250, 230]])


class BadPicture(BadInput):
    """A picture that cannot be used. ``code`` is a key of `SENTENCES`.

    >>> str(BadPicture("picture_gone"))
    'The picture was deleted after an hour: send it again.'
    """

    def __init__(self, code: str, **fields: Any) -> None:
        vars(self).update(code=code, sentence=SENTENCES[code])
        super().__init__(**fields)


def open_upload(
    payload: Mapping[str, Any] | bytes | None,
    uploads: str | Path,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
    max_side: int | None = None,
    min_side: int = MIN_SIDE,
) -> Image.Image:
    """Open what the page or an API caller sent: ``{"path": ...}``, ``{"url": "data:..."}`` or the
    file's bytes.

    A path outside the folder ``uploads`` is refused like a missing picture: a caller may send any,
    and gradio 6.31 checks only those that are marked as files.
    """
    if isinstance(payload, bytes):
        return open_picture(payload, max_bytes, max_pixels, max_side, min_side)
    if not isinstance(payload, Mapping):
        raise BadPicture("picture_missing")
    url, path = payload.get("url"), payload.get("path")
    if isinstance(url, str) and is_data_url(url):
        _check_weight(len(url) * 3 // 4, max_bytes)
        return open_picture(of_data_url(url), max_bytes, max_pixels, max_side, min_side)
    if not isinstance(path, str) or not path or "\0" in path:
        raise BadPicture("picture_missing")
    if path.startswith(("http://", "https://")):
        raise BadPicture("picture_address")
    if not Path(path).resolve().is_relative_to(Path(uploads).resolve()):
        raise BadPicture("picture_missing")
    return open_picture(path, max_bytes, max_pixels, max_side, min_side)


def is_data_url(sent: str) -> bool:
    """Whether a text is meant as a picture in itself, be it whole or not."""
    return sent[:5].lower() == "data:"


def of_base64(text: str) -> bytes:
    """The bytes of base64 of either alphabet (RFC 4648), with or without padding, and with the
    blanks and line ends that `base64` and `openssl` write. Raises `ValueError`: it is none."""
    bare = text.translate(OTHER_BASE64).rstrip("=")
    return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)


def of_data_url(url: str) -> bytes:
    """The bytes in ``data:image/png;base64,...`` (RFC 2397). Raises `BadPicture`."""
    try:
        content = of_base64(url.partition(",")[2])
    except ValueError:
        raise BadPicture("picture_data_url") from None
    if not content:
        raise BadPicture("picture_data_url")
    return content


def open_picture(
    source: str | Path | bytes,
    max_bytes: int = MAX_BYTES,
    max_pixels: int = MAX_PIXELS,
    max_side: int | None = None,
    min_side: int = MIN_SIDE,
) -> Image.Image:
    """Decode a file, or its bytes, to RGB: upright, transparency laid on white.

    With ``max_side`` a larger picture is scaled down to it, and a JPEG is decoded at a fraction of
    its size to begin with: several times faster for a phone's photo. One with fewer than
    ``min_side`` pixels a side is refused.

    ``picture.info["first_of_many"]`` is True where only the first frame of an animation or the
    first page was taken, ``["cut_short"]`` where a JPEG's last bytes are missing; ``["sent"]`` is
    the width and height of the picture as sent, seen upright. Raises `BadPicture`, `FileTooLarge`
    or MemoryError, whatever the bytes are.
    """
    try:
        size = len(source) if isinstance(source, bytes) else os.stat(source).st_size
        _check_weight(size, max_bytes)
        content = source if isinstance(source, bytes) else Path(source).read_bytes()
    except FileNotFoundError:
        raise BadPicture("picture_gone") from None
    except OSError:
        raise BadPicture("picture_unreadable") from None
    try:
        picture = picture_files.opened(content, max_pixels)
    except picture_files.NoPicture as refusal:
        raise BadPicture(refusal.code, **refusal.fields) from None
    width, height = picture.size
    if min(width, height) < min_side:
        raise BadPicture("picture_too_small", width=width, height=height, limit=min_side)
    told = {name: picture.info[name] for name in ("first_of_many", "cut_short")}
    try:
        picture.seek(0)
        if max_side:
            picture.draft(None, (max_side, max_side))
        rgb = upright_rgb(picture, max_side)
    except MemoryError:  # our machine's fault, not the picture's
        raise
    except Exception:  # Pillow's plug-ins raise nearly anything on damaged data
        raise BadPicture("picture_truncated") from None
    sent = (height, width) if lies_on_its_side(picture) else (width, height)
    rgb.info.clear()
    rgb.info.update(told, sent=sent)
    return rgb


def _check_weight(size: int, limit: int) -> None:
    if size == 0:
        raise BadPicture("picture_empty")
    if size > limit:
        raise FileTooLarge(size=f"{size / 1e6:.0f}", limit=f"{limit / 1e6:.0f}")


# Arrays to pictures


def overlay(
    picture: Image.Image, heat: np.ndarray, box: tuple[int, int, int, int], side: int = 480
) -> Image.Image:
    """Lay a heat map [h, w] in 0..1 over the ``box`` (x0, y0, x1, y1) of a picture.

    What the network never saw, outside the box, is faded. The result's longer side is ``side``.
    """
    scale = side / max(picture.size)
    size = [max(1, round(n * scale)) for n in picture.size]
    small = picture.resize(size, Image.Resampling.LANCZOS)
    grey = np.asarray(small.convert("L").convert("RGB"), dtype=np.float64)
    x0, y0, x1, y1 = (round(n * scale) for n in box)
    x0, y0 = max(x0, 0), max(y0, 0)
    x1, y1 = min(max(x1, x0 + 1), small.width), min(max(y1, y0 + 1), small.height)
    shown = Image.fromarray(np.asarray(heat, dtype=np.float32).clip(0, 1))
    resized = shown.resize((x1 - x0, y1 - y0), Image.Resampling.BICUBIC)
    warmth = np.asarray(resized).clip(0, 1)
    canvas = grey * 0.35 + 255 * 0.65 * 0.6
    inside = grey[y0:y1, x0:x1]
    strength = (0.15 + 0.6 * warmth)[..., None]
    canvas[y0:y1, x0:x1] = inside * (1 - strength) + _ramp(warmth) * strength
    return Image.fromarray(canvas.clip(0, 255).astype(np.uint8))


def _ramp(values: np.ndarray) -> np.ndarray:
    """Values in 0..1 to RGB on a ramp that darkens evenly, so that it also reads in grey."""
    stops = np.linspace(0, 1, len(HEAT))
    return np.stack([np.interp(values, stops, HEAT[:, c]) for c in range(3)], axis=-1)


def tiles(stack: np.ndarray, columns: int, gap: int = 1, side: int = 32) -> Image.Image:
    """A sheet of tiles, row by row, from [n, h, w] (grey) or [n, h, w, 3] values in 0..1.

    Every tile is drawn ``side`` pixels wide, enlarged without smoothing: each value stays a square.
    """
    count, height, width = stack.shape[:3]
    columns = min(columns, count)
    rows = -(-count // columns)
    zoom = max(1, round(side / width))
    pixels = (np.nan_to_num(stack).clip(0, 1) * 255).round().astype(np.uint8)
    pixels = pixels.repeat(zoom, axis=1).repeat(zoom, axis=2)
    if pixels.ndim == 3:
        pixels = pixels[..., None].repeat(3, axis=-1)
    height, width = height * zoom, width * zoom
    size = (rows * (height + gap) - gap, columns * (width + gap) - gap)
    sheet = np.full((*size, 4), 0, dtype=np.uint8)  # the gaps are transparent: paper shows through
    for index, tile in enumerate(pixels):
        y, x = index // columns * (height + gap), index % columns * (width + gap)
        sheet[y : y + height, x : x + width, :3] = tile
        sheet[y : y + height, x : x + width, 3] = 255
    return Image.fromarray(sheet)


def grey(values: np.ndarray) -> Image.Image:
    """One picture from [h, w] values in 0..1."""
    return Image.fromarray((np.nan_to_num(values).clip(0, 1) * 255).round().astype(np.uint8))


def fitted(picture: Image.Image, side: int) -> Image.Image:
    """A copy whose longer side is at most ``side`` pixels."""
    copy = picture.copy()
    copy.thumbnail((side, side), Image.Resampling.LANCZOS)
    return copy


def img(picture: Image.Image, alt: str, *, classes: str = "", lossless: bool = False) -> str:
    """An ``<img>`` that carries its own bytes, so that no copy is left on the server."""
    return (
        f'<img class="{html.escape(classes)}" alt="{html.escape(alt)}" width="{picture.width}" '
        f'height="{picture.height}" src="{address(picture, lossless=lossless)}">'
    )


def address(picture: Image.Image, *, lossless: bool = False) -> str:
    """A picture as the address of itself: its bytes as WebP."""
    file = io.BytesIO()
    picture.save(file, "WEBP", lossless=lossless, quality=85, method=2)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"
