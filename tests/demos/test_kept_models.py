"""The models that a visitor has trained are listed under Try, for that visitor alone."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import fake_detectors
import fake_faces
import fake_pens
import fake_translators
import fake_writers
import gradio as gr
import pytest
from job_bench import Bench

from demos import detection, handwriting, images, text, training, translation
from demos.streaming import Latest
from jobs import Jobs

ANN, BOB = "a" * 32, "b" * 32
#: Of each tab: the room, a recipe, the engine, the list, and what a checkpoint of it tells.
TABS: dict[str, tuple[Any, str, Any, str, dict[str, Any]]] = {
    "detection": (
        detection, "detection/everyday", fake_detectors.FakeDetectors, "detect-model", {},
    ),
    "text": (text, "text/shakespeare", fake_writers.FakeEngine, "write-model", {"begin": "\n"}),
    "images": (
        images, "images/faces-diffusion", fake_faces.FakeFaces, "face-model",
        {"loader": "pretrained.images.serve_diffusion:load"},
    ),
    "translation": (
        translation, "translation/en-fr", fake_translators.FakeEngine, "say-model",
        {"directions": ["en-fr", "fr-en"]},
    ),
    "handwriting": (handwriting, "handwriting/pen", fake_pens.FakePens, "", {}),
}  # fmt: skip
LISTED = [name for name in TABS if name not in ("translation", "handwriting")]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "jobs")


def trained(bench: Bench, jobs: Jobs, tab: str, name: str, owner: str = ANN) -> str:
    """The key of a model that this owner has trained, and calls so."""
    _, recipe, _, _, told = TABS[tab]
    bench.now += 1
    upload = jobs.upload(owner)
    (upload / "data.txt").write_text("to learn from")
    job = bench.until_ended(jobs, jobs.submit(recipe, upload, owner=owner).id)
    config = {
        "key": recipe,
        "loader": "pretrained.classification.imagenet:load",
        "parameters": 1_000,
        "max_batch": 4,
        **told,
    }
    (job.out / "config.json").write_text(json.dumps(config), "utf-8")
    (job.out / "model.safetensors").write_bytes(b"")
    return training.key_of(jobs.rename(job.id, owner, name))


def room(tab: str, tmp_path: Path, words: Any, jobs: Jobs) -> tuple[gr.Blocks, Any]:
    """Try of a tab, and the engine behind it."""
    module, _, engine_of, _, _ = TABS[tab]
    engine = engine_of(tmp_path / "engine")
    known, unlisted = engine.entries, training.unlisted(jobs)
    engine.find = lambda key: known.get(key) or unlisted(key)
    with gr.Blocks(analytics_enabled=False) as page:
        module.tryout.build(engine, words, jobs)
    return page, engine


def event(page: gr.Blocks, name: str, place: str = "") -> Any:
    """The function that fills a place of the room."""
    found = [
        one.fn
        for one in page.fns.values()
        if one.name == name and (not place or one.outputs[0].elem_id == place)
    ]
    assert len(set(found)) == 1, (name, place)
    return found[0]


def asked(**more: str) -> gr.Request:
    return gr.Request(query_params={"lang": "en"} | more)


@pytest.mark.parametrize("tab", LISTED)
def test_a_list_has_what_a_visitor_trained_for_that_visitor_alone(bench, tmp_path, words, tab):
    jobs = bench.jobs()
    own, other = (trained(bench, jobs, tab, name) for name in ("Tea & wine", ""))
    theirs = trained(bench, jobs, tab, "Bob's", BOB)
    trained(bench, jobs, "text" if tab != "text" else "images", "another tab's")
    page, _ = room(tab, tmp_path, words, jobs)
    place = TABS[tab][3]
    fill = event(page, "fill", place)

    def listed(secret: str, **more: str) -> list[tuple[str, str]]:
        return [tuple(one) for one in fill(secret, asked(**more))["choices"]]

    house = listed("")
    assert house and listed("no secret") == house
    mine = [one for one in listed(ANN) if one not in house]
    assert [key for _, key in mine] == [other, own]  # the newest first
    assert mine[1] == ("★ Tea & wine", own) and mine[0][0].startswith("★ 01-1")
    assert [one for one in listed(BOB) if one not in house] == [("★ Bob's", theirs)]
    assert listed("", model=own) == [*house, ("★ Tea & wine", own)]

    anew = event(page, "fill_anew", place)
    told = anew(ANN, own, asked())
    assert own in [key for _, key in told["choices"]] and "value" not in told
    jobs.remove(jobs.linked(own.split("/")[1]).id, ANN)
    told = anew(ANN, own, asked())
    assert own not in [key for _, key in told["choices"]] and told["value"] == house[0][1]


@pytest.mark.parametrize(("lang", "usual"), [("en", "text/shakespeare"), ("zh", "text/tang")])
def test_after_a_deletion_a_page_has_what_it_opens_with_in_its_language(
    bench, tmp_path, words, lang, usual
):
    jobs = bench.jobs()
    own = trained(bench, jobs, "text", "Tea & wine")
    page, _ = room("text", tmp_path, words, jobs)
    anew = event(page, "fill_anew", "write-model")
    jobs.remove(jobs.linked(own.split("/")[1]).id, ANN)
    told = anew(ANN, own, asked(lang=lang))
    assert told["value"] == usual and usual in [key for _, key in told["choices"]]


def test_translators_are_listed_where_they_know_the_direction(bench, tmp_path, words):
    jobs = bench.jobs()
    own = trained(bench, jobs, "translation", "Letters")
    page, _ = room("translation", tmp_path, words, jobs)
    kept, turned = event(page, "on_kept"), event(page, "on_direction")

    def models(secret: str, direction: str, key: str = "translation/en-fr") -> Any:
        return kept(secret, direction, key, asked())

    def after_turning(secret: str, direction: str) -> dict[str, str]:
        sent = (secret, Latest(), direction, "", "translation/en-fr", asked())
        model = list(asyncio.run(turned(*sent)))[2]
        return {key: name for name, key in model["choices"]}

    house = models("", "en-fr")["choices"]
    assert models(ANN, "en-fr")["choices"] == [*house, ("★ Letters", own)]
    assert models(BOB, "en-fr")["choices"] == house
    assert own not in [key for _, key in models(ANN, "en-zh")["choices"]]
    assert after_turning(ANN, "fr-en")[own] == "★ Letters"
    assert own not in after_turning(ANN, "zh-en") and own not in after_turning(BOB, "fr-en")
    opened = asyncio.run(event(page, "on_open")(ANN, False, "", own, None, asked()))
    assert own in [key for _, key in opened[2]["choices"]]

    assert "value" not in models(ANN, "en-fr", own)
    jobs.remove(jobs.linked(own.split("/")[1]).id, ANN)
    told = models(ANN, "en-fr", own)
    assert told["choices"] == house and told["value"] == house[0][1]


def test_pens_are_told_by_their_names(bench, tmp_path, words):
    jobs = bench.jobs()
    own = trained(bench, jobs, "handwriting", "My hand <3")
    page, _ = room("handwriting", tmp_path, words, jobs)
    pens = event(page, "on_pens")
    assert pens(ANN, asked()) == [{"key": own, "name": "★ My hand <3"}]
    assert pens(BOB, asked()) == pens("", asked()) == []
    jobs.remove(jobs.linked(own.split("/")[1]).id, ANN)
    assert pens(ANN, asked()) == []


def test_the_grid_is_drawn_by_the_model_that_is_chosen(bench, tmp_path, words):
    jobs = bench.jobs()
    own = trained(bench, jobs, "images", "Shells")
    page, engine = room("images", tmp_path, words, jobs)
    engine.known = lambda key: None

    def drawn(name: str, *sent: Any) -> tuple[Any, ...]:
        async def run() -> tuple[Any, ...]:
            steps = event(page, name)(Latest(), *sent, asked())
            return [step async for step in steps][-1]

        engine.asked.clear()
        return asyncio.run(run())

    count, _, _, _, line, _, gallery, chosen = drawn("on_model", 5, 16, 0.7, own)
    assert count == 4 == len(gallery.points)  # it takes many steps, so there are fewer
    assert gallery.key == chosen["key"] == own and {key for key, *_ in engine.asked} == {own}
    assert "★ Shells" in line and f"model={own}" in gallery.query
    *_, like, _ = drawn("on_like", 2, chosen)
    assert like.key == own
    *_, gallery, _ = drawn("on_seed", 5, 16, 0.7, "images/faces-gan")
    assert len(gallery.points) == 16 and {key for key, *_ in engine.asked} == {"images/faces-gan"}
    bar, *_ = drawn("on_seed", 5, 16, 0.7, "images/none")
    assert "images/none" in bar and not engine.asked


def test_an_address_that_names_a_model_that_is_gone_is_told(bench, tmp_path, words):
    jobs = bench.jobs()
    own = trained(bench, jobs, "images", "Shells")
    page, _ = room("images", tmp_path, words, jobs)
    [told] = [fn.fn for fn in page.fns.values() if fn.outputs[:1] and
              fn.outputs[0].elem_id == "face-unmet"]  # fmt: skip
    assert not asyncio.run(told(asked(tab="images", model=own)))["visible"]
    jobs.remove(jobs.linked(own.split("/")[1]).id, ANN)
    gone = asyncio.run(told(asked(tab="images", model=own)))
    assert gone["visible"] and own in gone["value"]
    assert not asyncio.run(told(asked(tab="text", model=own)))["visible"]
