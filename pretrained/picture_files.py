"""A picture file on its way to Pillow: opened by its content, with nothing in it but its pixels.

Pillow reads what lies beside the pixels with loops that a stranger can make endless. It joins the
blocks of a GIF's comment quadratically (20 MB: 85 s); it copies one stretch of a TIFF or an EXIF
note as often as tags point at it (2 MB with 30,000 tags: 60 GB); it compares every page of a TIFF
with all before it; it takes whole PNGs for broken where their text is long. So a file is gone
through once, in time that grows with its length, and Pillow is handed what its pixels need and the
one number in all the rest that matters: which way up the camera was held.

JPEG: ITU-T T.81. PNG: W3C PNG 3. GIF: CompuServe 89a. TIFF: Adobe 6.0, BigTIFF. AVIF and HEIC:
ISO/IEC 14496-12, 23008-12. EXIF: CIPA DC-008.
"""

from __future__ import annotations

import contextlib
import functools
import io
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from PIL import Image

FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "HEIF")  # HEIF: with pillow-heif
HEIC_BRANDS = {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"}  # ISO/IEC 23008-12

MAX_COMMENT = 64_000  # bytes; a GIF's comments, joined
MAX_PIECES = 300_000  # blocks, chunks or tags: a GIF of 50 MB has 200,000 blocks
MAX_TAG_BYTES = 4_000_000  # where a TIFF's strips or tiles lie, and its palette
MAX_SCANS = 100  # each goes over all pixels; usual progressive pictures have 10
MAX_SCANNED = 1_000_000_000  # pixels that all scans go over: some 3 seconds
MAX_RLE_PIXELS = 4_000_000  # Pillow unpacks a run-length BMP in Python, pixel by pixel
MEMORY = 512_000_000  # bytes that decoding one picture may take
#: Bytes a pixel that decoding takes at its height with Pillow 12.3, measured on 35 megapixels of
#: one colour, shrunk to 2,048; the others take 3 to 10 and are bounded by their pixels.
BYTES_A_PIXEL = {"WEBP": 18.0, "AVIF": 12.0, "HEIF": 10.2}


class NoPicture(Exception):
    """A file that is not opened. ``code`` is a key of `demos.pictures.SENTENCES`."""

    def __init__(self, code: str, **fields: Any) -> None:
        super().__init__(code, fields)
        self.code, self.fields = code, fields


@dataclass(frozen=True)
class Bare:
    """A file with its pixels alone."""

    content: bytes
    more: bool = False  # further frames or pages were left out
    cut_short: bool = False  # its end is missing and was made up


def opened(content: bytes, max_pixels: int | None = None) -> Image.Image:
    """A picture whose header is read and whose pixels are not yet decoded.

    ``info["first_of_many"]`` is True for the first frame of an animation or page of many,
    ``info["cut_short"]`` for a JPEG whose last bytes are missing (see `pixels.upright_rgb`).

    Raises:
        NoPicture: none of `FORMATS`, damaged before its first pixel, or one that would take too
            much memory or time.
    """
    _register()
    start = content[:4096]
    recognised = False
    for name in FORMATS:
        opener, accepts = Image.OPEN.get(name, (None, None))
        if opener is None or (accepts is not None and accepts(start[:16]) is not True):
            continue
        recognised = True
        try:
            bare = BARE.get(name, Bare)(content)
            picture = opener(io.BytesIO(bare.content), "")
        except (MemoryError, NoPicture):
            raise
        except Exception:  # Pillow's plug-ins raise nearly anything on damaged data
            continue
        _check_size(picture, name, max_pixels)
        return _noted(picture, bare)
    if start[4:8] == b"ftyp" and start[8:12] in HEIC_BRANDS:
        raise NoPicture("picture_heic")
    if recognised:
        raise NoPicture("picture_truncated")
    raise NoPicture("picture_vector" if b"<svg" in start.lower() else "picture_unreadable")


@functools.cache
def _register() -> None:
    Image.init()
    with contextlib.suppress(ImportError):  # without it HEIC is refused in words
        import pillow_heif

        pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)


def _check_size(picture: Image.Image, name: str, max_pixels: int | None) -> None:
    width, height = picture.size
    most = MEMORY / BYTES_A_PIXEL[name] if name in BYTES_A_PIXEL else float("inf")
    most = min(most, max_pixels or float("inf"))
    if width * height > most:
        limit = f"{most / 1e6:.0f}"
        raise NoPicture("picture_too_large", width=width, height=height, limit=limit)


def _noted(picture: Image.Image, bare: Bare) -> Image.Image:
    """What was found on the way, and the way up, in place of what the file says of itself."""
    more = bare.more
    with contextlib.suppress(Exception):  # a damaged second frame is no reason to refuse the first
        more = more or bool(getattr(picture, "is_animated", False))
    picture.info.pop("xmp", None)
    if note := picture.info.pop("exif", None):
        picture.info["exif"] = exif(orientation(note))
    picture.info |= {"first_of_many": more, "cut_short": bare.cut_short}
    return picture


# Which way up: Exif tag 0x0112


def orientation(note: bytes) -> int:
    """The orientation, 1 to 8, that an EXIF note names; 1 where it is damaged or names none."""
    note = note.removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(note[:2])
    try:
        if order is None:
            return 1
        at = struct.unpack_from(order + "I", note, 4)[0]
        (count,) = struct.unpack_from(order + "H", note, at)
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", note, entry)
            if tag == 0x0112:
                return value if kind == 3 and 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1


def exif(turn: int) -> bytes:
    """An EXIF note that says the orientation and nothing else."""
    return b"Exif\0\0II*\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, turn, 0, 0)


# One walk a format


class _Pieces:
    """Counts what a walk goes over."""

    def __init__(self) -> None:
        self.left = MAX_PIECES

    def one(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise NoPicture("picture_costly")


JPEG_MARKER = re.compile(rb"\xff[^\x00\xff]")
JPEG_NEXT = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # in a scan: neither stuffing nor restarts
JPEG_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
JPEG_KEPT = JPEG_FRAMES | {0xC4, 0xCC, 0xDA, 0xDB, 0xDC, 0xDD, 0xE0, 0xEE}  # JFIF, Adobe: colours


def _jpeg(content: bytes) -> Bare:
    """Tables, frame and scans. One without its end gets one, as in browsers."""
    pieces, scans, pixels, turn = _Pieces(), 0, 0, 1
    kept: list[bytes] = []
    at = 2
    ended = framed = False
    while found := JPEG_MARKER.search(content, at):
        pieces.one()
        kind, at = content[found.end() - 1], found.end()
        if kind == 0xD9:
            ended = True
            break
        if kind == 0x01 or 0xD0 <= kind <= 0xD8:  # stand alone
            continue
        end = at + int.from_bytes(content[at : at + 2], "big")
        if end > len(content) or end < at + 2:
            break
        if kind == 0xE1 and content[at + 2 : at + 8] == b"Exif\0\0" and turn == 1:
            turn = orientation(content[at + 2 : end])
        if kind in JPEG_FRAMES:
            framed, high, wide = True, *struct.unpack(">HH", content[at + 3 : at + 7].ljust(4))
            pixels = high * wide
        if kind == 0xDA:
            scans += 1
            if scans > MAX_SCANS or scans * pixels > MAX_SCANNED:
                raise NoPicture("picture_costly")
            following = JPEG_NEXT.search(content, end)
            end = following.start() if following else len(content)
        if kind in JPEG_KEPT:
            kept.append(bytes((0xFF, kind)) + content[at:end])
        at = end
    note = exif(turn)
    head = b"\xff\xd8\xff\xe1" + (len(note) + 2).to_bytes(2, "big") + note
    tail = b"\xff\xd9" if ended or (framed and scans) else b""
    return Bare(head + b"".join(kept) + tail, cut_short=not ended)


PNG_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"IDAT"}


def _png(content: bytes) -> Bare:
    """The chunks that draw; neither texts nor profiles, however many and long."""
    pieces, turn, more = _Pieces(), 1, False
    kept = [content[:8]]
    at = 8
    while at + 8 <= len(content):
        pieces.one()
        size, kind = struct.unpack_from(">I4s", content, at)
        end = at + size + 12
        if kind == b"IEND":
            break
        if kind in PNG_KEPT and size:
            kept.append(content[at:end])
        elif kind == b"eXIf":
            turn = orientation(content[at + 8 : end - 4])
        elif kind == b"acTL" and size >= 4:
            more = int.from_bytes(content[at + 8 : at + 12], "big") > 1
        at = end
    if len(kept) > 1:
        kept.insert(2, _png_chunk(b"eXIf", exif(turn).removeprefix(b"Exif\0\0")))
    return Bare(b"".join(kept) + _png_chunk(b"IEND", b""), more=more)


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def _gif(content: bytes) -> Bare:
    """The first frame.

    Raises:
        NoPicture: its comments are longer than `MAX_COMMENT`.
    """
    pieces = _Pieces()

    def blocks(at: int) -> int:
        """Where a chain of blocks that begins here ends."""
        while at < len(content) and content[at]:
            pieces.one()
            at += content[at] + 1
        return at + 1

    def table(flags: int) -> int:
        return 3 << ((flags & 7) + 1) if flags & 128 else 0

    at = 13 + table(content[10])
    head, control, comments = content[:at], b"", 0
    frame: bytes | None = None
    while at < len(content) and content[at] in b"!,\0":
        pieces.one()
        start = at
        if content[at] == 0:  # a stray end of blocks, over which Pillow reads
            at += 1
        elif content[at] == ord("!"):
            at = blocks(at + 2)
            if content[start + 1] == 0xFE:
                comments += at - start
                if comments > MAX_COMMENT:
                    limit = f"{MAX_COMMENT / 1000:.0f}"
                    raise NoPicture("picture_comments", limit=limit)
            elif content[start + 1] == 0xF9:
                control = content[start:at]
        elif frame is not None:
            return Bare(head + frame + b";", more=True)
        else:
            at = blocks(at + 11 + table(content[at + 9]))
            frame = control + content[start:at]
    # Without its end it stays without: Pillow tells whether pixels are missing.
    return Bare(head + (frame or b"") + (b";" if at < len(content) else b""))


#: Tags that say how the pixels lie (TIFF 6.0), and the orientation.
TIFF_KEPT = {256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 292, 293, 317, 320}
TIFF_KEPT |= {322, 323, 324, 325, 332, 338, 339, 347, *range(512, 522), *range(529, 533)}
TIFF_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
TIFF_SIZES |= {13: 4, 16: 8, 17: 8, 18: 8}


def _tiff(content: bytes) -> Bare:
    """The first page, and of its tags those of `TIFF_KEPT`."""
    order = {b"II": "<", b"MM": ">"}[content[:2]]
    big = struct.unpack_from(order + "H", content, 2)[0] == 43
    count_form, entry_form, offset_form = ("Q", "HHQ", "Q") if big else ("H", "HHI", "I")
    step, inline = (20, 8) if big else (12, 4)
    (at,) = struct.unpack_from(order + offset_form, content, 8 if big else 4)
    (count,) = struct.unpack_from(order + count_form, content, at)
    if count > MAX_PIECES:
        raise NoPicture("picture_costly")
    first = at + struct.calcsize(order + count_form)
    kept: list[bytes] = []
    held, tile = 0, {322: 0, 323: 0}  # width and height
    for place in range(first, first + count * step, step):
        tag, kind, values = struct.unpack_from(order + entry_form, content, place)
        if tag not in TIFF_KEPT:
            continue
        entry = content[place : place + step]
        kept.append(entry)
        size = values * TIFF_SIZES.get(kind, 1)
        held += size if size > inline else 0
        if tag in tile and size <= inline:
            form = {3: "H", 4: "I", 16: "Q"}.get(kind, "B")
            (tile[tag],) = struct.unpack_from(order + form, entry, step - inline)
    if held > MAX_TAG_BYTES or tile[322] * tile[323] > MEMORY // 8:
        raise NoPicture("picture_costly")
    (following,) = struct.unpack_from(order + offset_form, content, first + count * step)
    page = struct.pack(order + count_form, len(kept)) + b"".join(kept)
    page += struct.pack(order + offset_form, 0)
    return Bare(content[:at] + page + content[at + len(page) :], more=following != 0)


def _bmp(content: bytes) -> Bare:
    """As it is; one in run-length code must be small."""
    if len(content) >= 34 and content[14] >= 40:
        width, height, _, _, packed = struct.unpack_from("<iiHHI", content, 18)
        if packed in (1, 2) and max(abs(width * height), len(content)) > MAX_RLE_PIXELS:
            raise NoPicture("picture_costly")
    return Bare(content)


BOXES = {b"meta": 4, b"moov": 0, b"trak": 0, b"iprp": 0}  # that hold others, after so many bytes


def _boxed(content: bytes) -> Bare:
    """An AVIF or HEIC whose notes (EXIF, XMP) no longer describe the picture: it is turned by a
    property of its own."""
    bare = bytearray(content)
    pieces = _Pieces()
    for kind, body, end in _boxes(content, 0, len(content), pieces):
        if kind == b"iref":
            for reference, inner, _ in _boxes(content, body + 4, end, pieces):
                if reference == b"cdsc":
                    bare[inner - 4 : inner] = b"none"
        elif kind == b"iinf":
            first = body + (6 if content[body] == 0 else 8)
            for item, inner, _ in _boxes(content, first, end, pieces):
                place = inner + (10 if content[inner] == 3 else 8)
                if item == b"infe" and content[place : place + 4] in (b"Exif", b"mime"):
                    bare[place : place + 4] = b"none"
    return Bare(bytes(bare))


def _boxes(content: bytes, at: int, end: int, pieces: _Pieces) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of the body of every box, those in `BOXES` opened."""
    places = [(at, end)]
    while places:
        at, end = places.pop()
        while at + 8 <= end:
            pieces.one()
            size, kind = struct.unpack_from(">I4s", content, at)
            body = at + 8
            if size == 1 and body + 8 <= end:
                size, body = struct.unpack_from(">Q", content, body)[0], body + 8
            stop = end if size == 0 else min(at + size, end)
            if stop < body:
                return
            yield kind, body, stop
            if kind in BOXES:
                places.append((body + BOXES[kind], stop))
            at = stop


BARE: dict[str, Callable[[bytes], Bare]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "GIF": _gif,
    "TIFF": _tiff,
    "BMP": _bmp,
    "AVIF": _boxed,
    "HEIF": _boxed,
}
