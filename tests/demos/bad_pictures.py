"""Pictures that must be refused, each with its sentence's code, odd ones that must not, and makers
of good ones."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from PIL import Image


def encoded(picture: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def photo(width: int = 64, height: int = 48) -> Image.Image:
    y, x = np.mgrid[:height, :width]
    return Image.fromarray(np.stack([x * 3 % 256, y * 5 % 256, (x + y) % 256], -1).astype(np.uint8))


def noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))


def png_claiming(width: int, height: int) -> bytes:
    """A PNG of 57 bytes whose header promises any size: the bomb is in what decoding would take."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


SVG = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><circle r="9"/></svg>'
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(64)
REFUSED = {
    "empty": (b"", "picture_empty"),
    "text": (b"to be, or not to be " * 9, "picture_unreadable"),
    "pdf": (b"%PDF-1.7\n" + bytes(99), "picture_unreadable"),
    "postscript": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "picture_unreadable"),
    "truncated JPEG": (encoded(photo(), "JPEG")[:-400], "picture_truncated"),
    "JPEG of three bytes": (b"\xff\xd8\xff", "picture_truncated"),
    "truncated PNG": (encoded(noise(), "PNG")[:5000], "picture_truncated"),
    "one pixel": (encoded(photo(1, 1), "PNG"), "picture_too_small"),
    "one line": (encoded(photo(300, 1), "PNG"), "picture_too_small"),
    "header bomb": (png_claiming(20_000, 20_000), "picture_too_large"),
    "SVG": (SVG, "picture_vector"),
    "HEIC": (HEIC, "picture_heic"),
}
#: Sizes in which a detector finds nothing worth the name, and which it answers all the same.
SLIVERS = ((1, 1), (300, 1), (1, 300), (8000, 1), (2, 2), (7, 900))


def odd(picture: Image.Image) -> dict[str, bytes]:
    """The same picture in the ways of scanners, printers and old browsers, by the way's name."""
    wide = Image.fromarray(np.asarray(picture.convert("L"), dtype=np.uint16) * 257)
    return {
        "greyscale": encoded(picture.convert("L"), "PNG"),
        "16 bit": encoded(wide, "PNG"),
        "black and white": encoded(picture.convert("1"), "TIFF"),
        "CMYK": encoded(picture.convert("CMYK"), "JPEG", quality=95),
        "palette": encoded(picture.convert("P", palette=Image.Palette.ADAPTIVE), "PNG"),
        "see-through": encoded(picture.convert("RGBA"), "WEBP", lossless=True),
        "animated": encoded(picture, "GIF", save_all=True, append_images=[photo(*picture.size)]),
    }
