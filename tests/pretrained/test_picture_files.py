"""What lies beside the pixels of a picture costs time that grows with its length, and no more."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from bad_pictures import encoded, photo
from PIL import Image, TiffImagePlugin

from pretrained import picture_files
from pretrained.picture_files import NoPicture, opened
from pretrained.pixels import upright_rgb

COMMENT = 64_000


def refused(content: bytes, **options: int) -> str:
    with pytest.raises(NoPicture) as refusal:
        opened(content, **options)
    return refusal.value.code


def same(content: bytes, picture: Image.Image) -> bool:
    return np.array_equal(np.asarray(upright_rgb(opened(content))), np.asarray(picture))


# GIF


def gif(comment: bytes, blocks: int = 1, after: bytes = b"") -> bytes:
    """A picture with a comment in front of its only frame, in so many comment blocks."""
    plain = encoded(photo(), "GIF")
    first = 13 + (3 << ((plain[10] & 7) + 1))
    pieces = [comment[at : at + 255] for at in range(0, len(comment), 255)]
    chain = b"".join(bytes([len(piece)]) + piece for piece in pieces) + b"\0"
    return plain[:first] + (b"!\xfe" + chain) * blocks + plain[first:-1] + after + b";"


def test_a_gif_with_a_long_comment_is_refused_and_names_the_limit() -> None:
    assert opened(gif(b"x" * 60_000)).size == (64, 48)
    with pytest.raises(NoPicture) as refusal:
        opened(gif(b"x" * (COMMENT + 1)))
    assert refusal.value.code == "picture_comments" and refusal.value.fields == {"limit": "64"}


def test_many_short_comments_count_together() -> None:
    assert refused(gif(b"x" * 200, blocks=400)) == "picture_comments"


def test_what_follows_the_first_frame_of_a_gif_never_reaches_pillow(monkeypatch) -> None:
    seen: list[int] = []
    opener, accepts = Image.OPEN["GIF"]

    def watched(file: io.BytesIO, name: str) -> Image.Image:
        seen.append(len(file.getvalue()))
        return opener(file, name)

    monkeypatch.setitem(Image.OPEN, "GIF", (watched, accepts))
    tail = b"!\xff\x0bXMP DataXMP" + (b"\xff" + b"x" * 255) * 4000 + b"\0"
    opened(gif(b"", after=tail))
    assert seen[0] <= len(gif(b"")) + 1


def test_a_gif_of_many_frames_says_so_and_gives_the_first() -> None:
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue")]
    many = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert opened(many).info["first_of_many"] and same(many, frames[0])
    assert not opened(encoded(frames[0], "GIF")).info["first_of_many"]


def test_a_gif_of_countless_blocks_is_refused() -> None:
    endless = encoded(photo(), "GIF")[:-2] + b"\x01x" * (picture_files.MAX_PIECES + 1)
    assert refused(endless) == "picture_costly"


# PNG


def chunk(kind: bytes, body: bytes) -> bytes:
    checksum = struct.pack(">I", zlib.crc32(kind + body))
    return struct.pack(">I", len(body)) + kind + body + checksum


def with_chunks(*extra: bytes) -> bytes:
    plain = encoded(photo(), "PNG")
    return plain[:33] + b"".join(extra) + plain[33:]


LONG = zlib.compress(b"word " * 1_000_000)
BESIDE = {
    "a text of 5 MB": chunk(b"zTXt", b"prompt\0\0" + LONG),
    "a profile of 5 MB": chunk(b"iCCP", b"profile\0\0" + LONG),
    "many texts": b"".join(
        chunk(b"zTXt", b"t%d\0\0" % n + zlib.compress(b"a" * 500_000)) for n in range(150)
    ),
    "a text of another language": chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + LONG),
}


@pytest.mark.parametrize("name", BESIDE)
def test_a_png_is_read_whatever_else_it_carries(name: str) -> None:
    assert same(with_chunks(BESIDE[name]), photo())


def test_the_pixels_of_a_png_in_many_pieces_are_put_together() -> None:
    plain = encoded(photo(), "PNG")
    size = struct.unpack(">I", plain[33:37])[0]
    data = plain[41 : 41 + size]
    pieces = b"".join(chunk(b"IDAT", data[at : at + 7]) for at in range(0, len(data), 7))
    assert same(plain[:33] + pieces + plain[-12:], photo())
    assert same(plain[:33] + pieces, photo()), "only its end mark is missing"
    empty = chunk(b"IDAT", b"") * (picture_files.MAX_PIECES + 1)
    assert refused(plain[:33] + empty + plain[33:]) == "picture_costly"


def test_transparency_and_palette_of_a_png_are_kept() -> None:
    glass = Image.new("RGBA", (16, 16), (0, 0, 0, 0)).convert("P")
    glass.info["transparency"] = 0
    assert upright_rgb(opened(encoded(glass, "PNG"))).getpixel((3, 3)) == (255, 255, 255)
    moving = encoded(photo(), "PNG", save_all=True, append_images=[Image.new("RGB", (64, 48))])
    assert opened(moving).info["first_of_many"] and same(moving, photo())


# Tags: TIFF, and EXIF in the others


def tags(count: int, size: int, order: str = "<") -> bytes:
    """A TIFF structure whose tags all point at the same ``size`` bytes."""
    head = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "I", 8)
    entries = b"".join(
        struct.pack(order + "HHII", 40_000 + n, 7, size, 8 + 2 + 12 * count + 4)
        for n in range(count)
    )
    return head + struct.pack(order + "H", count) + entries + bytes(4 + size)


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes of tags Pillow was made to read."""
    read: list[int] = [0]
    load = TiffImagePlugin.ImageFileDirectory_v2.load

    def counted(self, file):
        load(self, file)
        read[0] += sum(map(len, self._tagdata.values()))

    monkeypatch.setattr(TiffImagePlugin.ImageFileDirectory_v2, "load", counted)
    return read


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF"])
def test_an_exif_note_is_not_copied_once_a_tag(kind: str, copied: list[int]) -> None:
    pytest.importorskip("pillow_heif")
    opened(encoded(photo(), "PNG"))  # registers HEIF
    note = b"Exif\0\0" + tags(1000, 40_000)
    content = encoded(photo(), kind, exif=note)
    assert len(content) > 40_000, "the note is in the file"
    copied[0] = 0
    picture = opened(content)
    upright_rgb(picture)
    assert picture.size == (64, 48) and copied[0] < 1000


def test_several_exif_notes_of_a_jpeg_are_not_joined(copied: list[int]) -> None:
    note = b"Exif\0\0" + tags(100, 60_000)
    segment = b"\xff\xe1" + struct.pack(">H", len(note) + 2) + note
    plain = encoded(photo(), "JPEG")
    upright_rgb(opened(plain[:2] + segment * 50 + plain[2:]))
    assert copied[0] < 1000


@pytest.mark.parametrize("big", [False, True])
def test_the_tags_of_a_tiff_that_draw_nothing_are_left_out(big: bool, copied: list[int]) -> None:
    info = TiffImagePlugin.ImageFileDirectory_v2()
    for number in range(50):
        info[50_000 + number] = b"x" * 10_000
        info.tagtype[50_000 + number] = 7
    content = encoded(photo(), "TIFF", tiffinfo=info, big_tiff=big)
    assert len(content) > 500_000
    copied[0] = 0
    assert same(content, photo()) and copied[0] < 5000


def test_a_tiff_whose_strips_could_not_be_listed_is_refused() -> None:
    page = struct.pack("<HHII", 273, 4, picture_files.MAX_TAG_BYTES // 4 + 1, 8)
    assert refused(b"II*\0" + struct.pack("<IH", 8, 1) + page + bytes(4)) == "picture_costly"


def test_a_tiff_with_a_tile_larger_than_memory_is_refused() -> None:
    sides = b"".join(struct.pack("<HHII", tag, 4, 1, 60_000) for tag in (322, 323))
    assert refused(b"II*\0" + struct.pack("<IH", 8, 2) + sides + bytes(4)) == "picture_costly"


def test_of_a_tiff_of_many_pages_the_first_is_read_and_no_other_looked_at(copied) -> None:
    pages = [Image.new("RGB", (16, 16), (n, 0, 0)) for n in range(40)]
    many = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    copied[0] = 0
    picture = opened(many)
    assert picture.info["first_of_many"] and same(many, pages[0])
    assert copied[0] < 1000


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_a_picture_still_knows_its_way_up(kind: str, order: str) -> None:
    sign = {"<": b"II*\0", ">": b"MM\0*"}[order]
    note = sign + struct.pack(order + "IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
    assert picture_files.orientation(note) == 6
    exif = Image.Exif()
    exif[0x0112] = 6
    content = encoded(photo(), kind, exif=exif if kind == "TIFF" else b"Exif\0\0" + note)
    assert upright_rgb(opened(content)).size == (48, 64)


DAMAGED = [b"", b"II*\0", b"II*\0\xff\xff\xff\x7f", b"Exif\0\0MM", b"xx" * 9]


@pytest.mark.parametrize("note", DAMAGED)
def test_a_damaged_note_says_nothing(note: bytes) -> None:
    assert picture_files.orientation(note) == 1


# JPEG


def segment(kind: int, body: bytes) -> bytes:
    return bytes((0xFF, kind)) + struct.pack(">H", len(body) + 2) + body


def many_scans(count: int, side: int = 64) -> bytes:
    """A progressive JPEG whose every scan goes over all blocks and changes none."""
    head = b"\xff\xd8" + segment(0xDB, b"\0" + b"\x01" * 64)
    head += segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\x01\x11\0")
    head += segment(0xC4, b"\x10" + bytes([1] + [0] * 15) + b"\xe0")
    return head + (segment(0xDA, b"\x01\x01\0\x01\x3f\0") + b"\x7f\xfe") * count + b"\xff\xd9"


def test_a_jpeg_may_go_over_its_pixels_only_so_often() -> None:
    assert upright_rgb(opened(many_scans(20))).size == (64, 64)
    assert refused(many_scans(picture_files.MAX_SCANS + 1)) == "picture_costly"
    large = 8_000  # pixels a side: a picture of 64 megapixels has its ten scans, and no hundred
    assert opened(many_scans(10, large)).size == (large, large)
    assert refused(many_scans(90, large)) == "picture_costly"


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("missing", [1, 2, 10, 60])
def test_a_jpeg_whose_last_bytes_are_missing_opens_and_says_so(missing, progressive) -> None:
    content = encoded(photo(640, 480), "JPEG", progressive=progressive)
    whole, cut = opened(content), opened(content[:-missing])
    assert cut.info["cut_short"] and not whole.info["cut_short"]
    ours = np.asarray(upright_rgb(cut), dtype=int)[:400]
    assert np.abs(ours - np.asarray(upright_rgb(whole), dtype=int)[:400]).mean() < 4


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("kept", [0.3, 0.6, 0.8])
def test_a_jpeg_that_breaks_off_in_the_middle_does_not(kept: float, mode: str) -> None:
    content = encoded(photo(640, 480).convert(mode), "JPEG")
    with pytest.raises(OSError, match="missing"):
        upright_rgb(opened(content[: int(len(content) * kept)]))


def test_what_follows_the_end_of_a_jpeg_is_nothing() -> None:
    content = encoded(photo(), "JPEG")
    assert same(content + content * 3, upright_rgb(opened(content)))
    junk = content[:20] + b"\x11" * 1000 + content[20:]
    assert same(junk, upright_rgb(opened(content)))


def test_fill_bytes_are_gone_over_once() -> None:
    """A pattern that tried again at each of them would take hours here."""
    assert refused(b"\xff\xd8" + b"\xff" * 5_000_000) == "picture_truncated"


# Pixels that cost more than they weigh


@pytest.mark.parametrize("kind", ["WEBP", "AVIF", "HEIF"])
def test_a_light_file_of_many_pixels_is_refused_before_it_is_decoded(kind, monkeypatch) -> None:
    pytest.importorskip("pillow_heif")
    opened(encoded(photo(), "PNG"))
    content = encoded(Image.new("RGB", (400, 300)), kind)
    assert opened(content).size == (400, 300)
    monkeypatch.setattr(picture_files, "MEMORY", 1_000_000)
    with pytest.raises(NoPicture) as refusal:
        opened(content)
    assert refusal.value.code == "picture_too_large"
    assert refusal.value.fields["width"] == 400


def test_the_largest_photos_that_phones_take_are_opened() -> None:
    assert picture_files.MEMORY / picture_files.BYTES_A_PIXEL["HEIF"] > 8064 * 6048
    assert picture_files.MEMORY / picture_files.BYTES_A_PIXEL["WEBP"] < 30e6  # 79 took 1.2 GB


def test_a_bmp_in_run_length_code_must_be_small() -> None:
    def rle(width: int, height: int) -> bytes:
        head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, 4, 0, 0, 3, 0)
        palette = b"\0\0\0\0\xff\xff\xff\0\0\0\xff\0"
        pixels = (bytes((width, 1)) + b"\0\0") * height + b"\0\1" if width < 256 else b"\0\1"
        start = 14 + len(head) + len(palette)
        file = struct.pack("<IHHI", start + len(pixels), 0, 0, start)
        return b"BM" + file + head + palette + pixels

    assert upright_rgb(opened(rle(100, 50))).getpixel((5, 5)) == (255, 255, 255)
    assert refused(rle(9000, 8000)) == "picture_costly"
    assert refused(rle(9_000_000, 8)) == "picture_costly"


def test_heic_opens_where_pillow_heif_is() -> None:
    pytest.importorskip("pillow_heif")
    opened(encoded(photo(), "PNG"))
    picture = upright_rgb(opened(encoded(photo(256, 192), "HEIF", quality=90)))
    difference = np.asarray(picture, dtype=int) - np.asarray(photo(256, 192), dtype=int)
    assert picture.size == (256, 192) and np.abs(difference).mean() < 12


def test_an_avif_is_turned_by_its_own_property_and_not_by_its_note() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"
    content = encoded(photo(), "AVIF", exif=exif)
    assert b"Exif" in content and upright_rgb(opened(content)).size == (48, 64)
