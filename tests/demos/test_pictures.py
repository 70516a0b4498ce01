"""A visitor's picture: every kind opens upright in RGB, every bad one is refused with its code."""

from __future__ import annotations

import base64
import contextlib
import string
import subprocess
import sys

import numpy as np
import pytest
from bad_pictures import REFUSED, encoded, photo, png_claiming
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from demos import pictures
from demos.pictures import SENTENCES, BadPicture
from inference.errors import BadInput


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_picture_is_refused_with_its_own_code(name, tmp_path):
    content, code = REFUSED[name]
    (tmp_path / "picture.jpg").write_bytes(content)
    for source in (content, tmp_path / "picture.jpg"):
        with pytest.raises(BadInput) as refusal:
            pictures.open_picture(source)
        assert refusal.value.code == code
        assert "?" not in str(refusal.value), "a field of the sentence is missing"


def test_a_refusal_names_sizes():
    with pytest.raises(BadInput) as refusal:
        pictures.open_picture(png_claiming(20_000, 20_000))
    assert refusal.value.fields == {"width": 20_000, "height": 20_000, "limit": "80"}


def test_a_heavy_file_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "heavy.jpg"
    with path.open("wb") as file:
        file.truncate(60_000_000)
    with pytest.raises(BadInput) as refusal:
        pictures.open_picture(path)
    assert refusal.value.code == "file_too_large"
    assert refusal.value.fields == {"size": "60", "limit": "50"}


def test_a_missing_file_is_no_traceback(tmp_path):
    """Uploads are deleted after an hour, and a page may be open for longer."""
    with pytest.raises(BadInput) as refusal:
        pictures.open_upload({"path": str(tmp_path / "gone.png")}, tmp_path)
    assert refusal.value.code == "picture_gone" and "after an hour" in str(refusal.value)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF"])
def test_every_usual_format_opens(kind):
    picture = pictures.open_picture(encoded(photo(), kind))
    assert (picture.mode, picture.size) == ("RGB", (64, 48))
    assert not picture.info["first_of_many"]


def test_cmyk_keeps_its_colours():
    red = Image.new("RGB", (32, 32), (220, 30, 40))
    opened = pictures.open_picture(encoded(red.convert("CMYK"), "JPEG"))
    assert np.abs(np.asarray(opened).astype(int) - [220, 30, 40]).max() < 12


@pytest.mark.parametrize("mode", ["I;16", "I"])
def test_sixteen_bits_are_scaled_not_clipped(mode):
    ramp = np.linspace(0, 65535, 64 * 48).reshape(48, 64)
    deep = Image.fromarray(ramp.astype(np.uint16 if mode == "I;16" else np.int32))
    opened = np.asarray(pictures.open_picture(encoded(deep, "PNG" if mode == "I;16" else "TIFF")))
    assert opened[0, 0, 0] == 0 and opened[-1, -1, 0] == 255
    assert abs(int(opened[24, 32, 0]) - 130) < 4


def test_transparency_is_laid_on_white():
    glass = Image.new("RGBA", (32, 32), (0, 0, 0, 0))
    glass.paste((200, 0, 0, 255), (0, 0, 16, 32))
    for kind in ("PNG", "WEBP"):
        opened = pictures.open_picture(encoded(glass, kind, lossless=True))
        assert opened.getpixel((24, 16)) == (255, 255, 255)
        assert opened.getpixel((4, 16)) == (200, 0, 0)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_photo_stands_upright(orientation):
    """Pixels as the camera stored them, the EXIF note, and the picture as it was seen."""
    seen = Image.new("RGB", (64, 32), "white")
    seen.paste((255, 0, 0), (0, 0, 16, 16))  # red in the upper left
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # PIL Transpose values
    stored = seen.transpose(Image.Transpose(undo[orientation])) if orientation > 1 else seen
    exif = Image.Exif()
    exif[274] = orientation
    opened = pictures.open_picture(encoded(stored, "JPEG", exif=exif, quality=95))
    assert opened.size == (64, 32)
    red, green, _ = opened.getpixel((5, 5))
    assert red > 200 and green < 60


def test_an_animation_gives_its_first_frame_and_says_so():
    frames = [Image.new("RGB", (32, 32), colour) for colour in ("red", "blue", "green")]
    for kind in ("GIF", "WEBP"):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=50)
        opened = pictures.open_picture(data)
        assert opened.info["first_of_many"]
        red, green, blue = opened.getpixel((16, 16))
        assert red > 240 and green < 10 and blue < 10


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damage_anywhere_is_a_refusal_or_a_picture(data):
    kind = data.draw(st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF"]))
    content = bytearray(encoded(photo(24, 24), kind))
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BadInput):
        assert pictures.open_picture(bytes(content)).mode == "RGB"


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_large_picture_may_be_scaled_down_while_it_is_decoded(kind):
    data = encoded(photo(1200, 800), kind)
    assert pictures.open_picture(data).size == (1200, 800)
    assert pictures.open_picture(data, max_side=300).size == (300, 200)
    assert pictures.open_picture(encoded(photo(), kind), max_side=300).size == (64, 48)


def test_an_upload_may_be_a_path_or_a_data_address(tmp_path):
    content = encoded(photo(), "PNG")
    (tmp_path / "a.png").write_bytes(content)
    address = "data:image/png;base64," + base64.b64encode(content).decode()
    for payload in ({"path": str(tmp_path / "a.png"), "url": None}, {"path": None, "url": address}):
        assert pictures.open_upload(payload, tmp_path).size == (64, 48)
    for payload in (None, {}, {"path": None, "url": None}):
        with pytest.raises(BadInput) as refusal:
            pictures.open_upload(payload, tmp_path)
        assert refusal.value.code == "picture_missing"
    for broken in (
        "data:image/png;base64,%%%",
        "data:image/png",
        "data:,",
        "DATA:image/png;base64,A",
    ):
        with pytest.raises(BadInput) as refusal:
            pictures.open_upload({"url": broken}, tmp_path)
        assert refusal.value.code == "picture_data_url"


@pytest.mark.parametrize("address", ["http://127.0.0.1/a.png", "https://example.org/a.png"])
def test_an_address_is_not_fetched(tmp_path, address):
    with pytest.raises(BadInput) as refusal:
        pictures.open_upload({"path": address, "url": address}, tmp_path)
    assert refusal.value.code == "picture_address"


def test_a_path_outside_the_uploads_is_no_picture(tmp_path):
    (tmp_path / "uploads").mkdir()
    private = tmp_path / "private.png"
    private.write_bytes(encoded(photo(), "PNG"))
    (tmp_path / "uploads" / "link.png").symlink_to(private)
    for path in (private, tmp_path / "uploads/../private.png", "uploads/link.png", "a\0b", "\0"):
        with pytest.raises(BadInput) as refusal:
            pictures.open_upload({"path": str(tmp_path / path)}, tmp_path / "uploads")
        assert refusal.value.code == "picture_missing"


def test_heat_lies_on_the_part_that_was_seen():
    heat = np.zeros((8, 8), dtype=np.float32)
    heat[:, 4:] = 1
    result = np.asarray(pictures.overlay(photo(200, 100), heat, (50, 0, 150, 100), side=200))
    cool, warm = result[20:80, 55:90].astype(int), result[20:80, 115:145].astype(int)
    assert result.shape == (100, 200, 3)
    assert warm[..., 0].mean() > cool[..., 0].mean() + 40


@pytest.mark.parametrize("box", [(0, 0, 200, 100), (-20, -5, 220, 120), (199, 99, 200, 100)])
def test_heat_takes_any_box(box):
    heat = np.random.default_rng(0).random((7, 5)).astype(np.float32)
    assert pictures.overlay(photo(200, 100), heat, box).size == (480, 240)


def test_tiles_keep_every_value_and_leave_paper_between():
    stack = np.zeros((5, 4, 4), dtype=np.float32)
    stack[4] = 1
    sheet = np.asarray(pictures.tiles(stack, columns=3, gap=2, side=8))
    assert sheet.shape == (18, 28, 4)
    assert sheet[0, 0].tolist() == [0, 0, 0, 255]
    assert sheet[12, 14].tolist() == [255, 255, 255, 255]
    assert sheet[8, 8, 3] == 0 and sheet[12, 25, 3] == 0


def test_colour_tiles_and_values_outside_the_range():
    stack = np.full((2, 3, 3, 3), [2.0, -1.0, np.nan])
    assert np.asarray(pictures.tiles(stack, columns=2, side=3))[0, 0].tolist() == [255, 0, 0, 255]


def test_a_picture_in_the_page_names_itself_safely():
    tag = pictures.img(photo(), alt='cat "<script>"')
    assert 'alt="cat &quot;&lt;script&gt;&quot;"' in tag and "<script" not in tag
    assert tag.startswith('<img class="" ') and "data:image/webp;base64," in tag


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "P", "L", "1", "CMYK", "I;16", "F"])
def test_converting_band_by_band_shows_no_seam(mode, monkeypatch):
    """Any band height gives the picture that one band gives, also where it is shrunk."""
    from pretrained import pixels

    source = noise_of(mode)
    for side in (None, 90, 31):
        monkeypatch.setattr(pixels, "BAND", 10**9)
        whole = pixels.upright_rgb(source, side)
        monkeypatch.setattr(pixels, "BAND", 2000)
        assert np.array_equal(whole, pixels.upright_rgb(source, side))
        assert max(whole.size) == (side or 200)


def noise_of(mode):
    values = np.random.default_rng(0).integers(0, 256, (123, 200, 4), dtype=np.uint8)
    if mode == "I;16":
        return Image.fromarray(values[..., 0].astype(np.uint16) * 257)
    if mode == "F":
        return Image.fromarray(values[..., 0].astype(np.float32) / 7)
    return Image.fromarray(values, "RGBA").convert(mode)


def peak_growth(path, side):
    """How many MB a fresh process grows by while it opens a picture."""
    program = (
        "import resource, sys; from demos import pictures; from PIL import Image; Image.init();"
        "import numpy; m = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024;"
        "b = m(); p = pictures.open_picture(sys.argv[1], max_side=int(sys.argv[2]));"
        "assert max(p.size) == int(sys.argv[2]); print(m() - b)"
    )
    run = [sys.executable, "-c", program, str(path), str(side)]
    return float(subprocess.run(run, capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize(("mode", "each"), [("RGBA", 4), ("I;16", 2)])
def test_decoding_takes_little_more_than_the_decoded_picture(mode, each, tmp_path):
    width, height = 6000, 4000
    Image.new(mode, (width, height)).save(tmp_path / "large.png", compress_level=1)
    decoded = width * height * each / 2**20
    assert peak_growth(tmp_path / "large.png", 1024) < decoded * 1.2 + 100


def test_a_full_memory_is_not_blamed_on_the_picture(monkeypatch):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr(pictures, "upright_rgb", full)
    with pytest.raises(MemoryError):
        pictures.open_picture(encoded(photo(), "PNG"))


@pytest.mark.parametrize("code", SENTENCES)
def test_a_bad_picture_takes_its_code_and_its_sentence(code):
    names = [name for _, name, _, _ in string.Formatter().parse(SENTENCES[code]) if name]
    error = BadPicture(code, **dict.fromkeys(names, 7))
    assert error.code == code and "{" not in str(error) and error.fields == dict.fromkeys(names, 7)
    assert BadPicture.code == "bad_input"
