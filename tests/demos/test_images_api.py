"""The tab as a server: `/generate_image` for scripts."""

from __future__ import annotations

import asyncio
from html import unescape
from pathlib import Path

import httpx
import numpy as np
import pytest
from fake_faces import DIFFUSION, GAN, FakeFaces, face
from gradio_client import Client
from PIL import Image
from served import PATIENCE, WORDS, client, served, soon

from demos import models
from demos.images import api, points, tryout
from pretrained import catalog

WILD = "images/sdxs"  # not allowed here, as on a server whose host has said nothing


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    found = FakeFaces(tmp_path_factory.mktemp("models"))
    found.withheld = {WILD: catalog.find(WILD)}
    return found


@pytest.fixture(scope="module")
def page(engine, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.mktemp("files")))

        def build():
            tryout.build(engine, WORDS)
            api.build(engine, WORDS)

        with served(build) as page:
            yield page


@pytest.fixture(scope="module")
def english(page):
    return client(page)


def call(client, *arguments):
    return client.predict(*arguments, api_name="/generate_image")


def pixels(path: str) -> np.ndarray:
    return np.asarray(Image.open(path))


def test_a_picture_is_one_png_file_of_what_was_drawn(english):
    path = call(english, GAN)
    assert Path(path).name == "faces-gan-0.png"
    assert np.array_equal(pixels(path), face(points.single(0)))


def test_several_pictures_are_several_files_of_seeds_in_a_row(english, engine):
    paths = call(english, "faces-diffusion", 7, 3)
    assert [Path(path).name for path in paths] == [f"faces-diffusion-{n}.png" for n in (7, 8, 9)]
    assert {key for key, _, _ in engine.asked[-3:]} == {DIFFUSION}
    assert np.array_equal(pixels(paths[1]), face(points.single(8), 3))


def test_the_same_seed_gives_the_same_file(english):
    first, again = (Path(call(english, GAN, 99)).read_bytes() for _ in range(2))
    assert first == again


def test_the_last_seed_is_followed_by_the_first(english):
    paths = call(english, GAN, 2**32 - 1, 2)
    assert [Path(path).stem for path in paths] == ["faces-gan-4294967295", "faces-gan-0"]


def test_every_argument_has_a_default(english, engine):
    api = english.view_api(return_format="dict")
    assert list(api["named_endpoints"]) == ["/generate_image"] and not api["unnamed_endpoints"]
    told = api["named_endpoints"]["/generate_image"]["parameters"]
    assert [(p["parameter_name"], p["parameter_has_default"]) for p in told] == [
        ("model", True), ("seed", True), ("count", True),
    ]  # fmt: skip
    assert Path(call(english)).name == "faces-gan-0.png" and engine.asked[-1][0] == GAN


def test_an_empty_model_is_the_gan(english, engine):
    call(english, "")
    assert engine.asked[-1][0] == GAN


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    ("arguments", "code", "fields"),
    [
        ((GAN, 0, 17), "image_count", {"sent": "17", "most": 16}),
        ((GAN, 0, 0), "image_count", {"sent": "0", "most": 16}),
        ((GAN, 0, 2.5), "image_count", {"sent": "2.5", "most": 16}),
        ((GAN, 0, [3]), "image_count", {"sent": "[3]", "most": 16}),
        ((GAN, -1), "image_seed", {"sent": "-1", "most": 4294967295}),
        ((GAN, 2**32), "image_seed", {"sent": "4294967296", "most": 4294967295}),
        ((GAN, "<i>"), "image_seed", {"sent": "<i>", "most": 4294967295}),
        ((GAN, True), "image_seed", {"sent": "True", "most": 4294967295}),
        (("nobody",), "unknown_model", {"model": "nobody"}),
        (("classification/photos",), "unknown_model", {"model": "classification/photos"}),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_sentence(page, engine, lang, arguments, code, fields):
    visitor = Client(page.local_url, verbose=False, headers={"accept-language": lang})
    before = len(engine.asked)
    with pytest.raises(Exception) as refusal:
        call(visitor, *arguments)
    said = unescape(str(refusal.value))
    assert WORDS.say(lang, f"error.{code}", **fields) in said and len(engine.asked) == before


@pytest.mark.parametrize("sent", ["sdxs", WILD])
def test_what_the_host_has_not_allowed_is_refused_with_its_remedy(english, engine, sent):
    before = len(engine.asked)
    with pytest.raises(Exception) as refusal:
        call(english, sent)
    assert "--allow-unfiltered" in str(refusal.value) and len(engine.asked) == before


def test_what_the_host_has_allowed_is_drawn(english, engine, monkeypatch):
    monkeypatch.setattr(models, "on_disk", lambda entry: True)
    monkeypatch.setattr(engine, "entries", engine.entries | engine.withheld)
    assert Path(call(english, WILD, 3)).name == "sdxs-3.png"


def test_markup_in_a_refusal_is_escaped(english):
    with pytest.raises(Exception) as refusal:
        call(english, GAN, "<img src=x>")
    assert "<img" not in str(refusal.value)


def test_a_caller_who_hangs_up_frees_the_engines_places(page, engine):
    engine.gate = asyncio.Event()
    try:
        with httpx.Client(base_url=f"{page.local_url}gradio_api", timeout=PATIENCE) as caller:
            event = caller.post("/call/generate_image", json={"data": [GAN, 0, 16]})
            number = event.json()["event_id"]
            with caller.stream("GET", f"/call/generate_image/{number}"):
                assert soon(lambda: engine.open == 16)
        assert soon(lambda: engine.open == 0)
    finally:
        engine.gate = None
