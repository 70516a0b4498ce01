"""Look inside of Generate images: layers, directions, discriminator, training, steps, copies."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from html import unescape
from io import BytesIO
from pathlib import Path

import gradio as gr
import numpy as np
import pytest
from fake_faces import DIFFUSION, GAN, FakeFaces, answer, face
from gradio.utils import get_upload_folder
from PIL import Image

from demos import streaming
from demos.images import inside
from demos.images.inside import copies, diffusion, discriminator, generator, replay
from demos.images.inside.look import Look, Looked, player
from demos.images.points import TRUNCATION
from demos.images.tryout.grid import OPENED, drawing, linked
from demos.language import Words
from demos.streaming import Latest
from inference.errors import BadInput, Busy, Refusal

WORDS = Words()
SAY = WORDS.speaker("en")
POINT = {"mix": [[3, 1.0]]}
MOMENTS = [
    {"step": 0, "seconds": 0.0, "discriminator_loss": None, "generator_loss": None,
     "told_apart": None},
    {"step": 100, "seconds": 90, "discriminator_loss": 0.3, "generator_loss": 1.9,
     "told_apart": 0.9},
    {"step": 1500, "seconds": 1200, "discriminator_loss": 0.6, "generator_loss": 0.8,
     "told_apart": 0.65},
]  # fmt: skip


@pytest.fixture
def engine(tmp_path):
    return FakeFaces(tmp_path)


def look(engine, point=POINT, key=GAN, lang="en") -> Look:
    return Look(engine, WORDS.speaker(lang), Looked(point, key, face(point)))


def text(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", html))


def filled(look: Look) -> dict:
    """What stands in each place when all is computed."""

    async def run():
        return [pieces async for pieces in inside.opened(look)]

    came = asyncio.run(run())
    return {name: value for pieces in came for name, value in pieces.items()}


# The room


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_piece_of_the_room_is_filled(engine, lang):
    found = filled(look(engine, lang=lang))
    assert set(found) == set(inside.PLACES)
    for name in ("head", "layers", "sliders", "moved", "strip", "verdict", "copy", "denoise"):
        assert "<" in found[name], name
        assert "{" not in text(found[name]), name
    assert found["looked"].whole and found["looked"].point == POINT
    assert not found["back"]["visible"]


def test_the_room_says_whose_face_it_is_and_that_nobody_has_it(engine):
    assert "Face 3, the one picked" in text(filled(look(engine))["head"])
    other = text(filled(look(engine, key=DIFFUSION))["head"])
    assert "diffusion network" in other and "another face" in other


def test_the_steps_are_those_of_the_diffusion_model_that_drew_the_face(tmp_path):
    own = "images/serve_diffusion-own"
    engine = FakeFaces(tmp_path, GAN, own)
    found = filled(look(engine, key=own))
    assert "diffusion network" in text(found["head"]) and "data-player" in found["denoise"]
    assert {key for key, _, options in engine.asked if "steps" in options} == {own}
    engine = FakeFaces(tmp_path, GAN, DIFFUSION, own)
    other = filled(look(engine, key=GAN))
    assert {key for key, _, options in engine.asked if "steps" in options} == {DIFFUSION}
    assert "has learnt for" in text(other["denoise"])  # which is told of ours alone
    assert "has learnt for" not in text(found["denoise"])


@pytest.mark.parametrize(
    ("query", "point"),
    [
        ("", {"mix": [[OPENED, 1.0]]}),
        ("tab=images&lang=zh&seed=12", {"mix": [[12, 1.0]]}),
        ("seed=12&face=14", {"mix": [[14, 1.0]]}),
        ("near=3*0.9,5*0.4&seed=12", {"mix": [[3, 0.9], [5, 0.4]]}),
        ("face=nonsense", {"mix": [[OPENED, 1.0]]}),
        ("seed=-1", {"mix": [[OPENED, 1.0]]}),
        ("seed=12&variety=0.2", {"mix": [[12, 1.0]], "truncation": 0.2}),
    ],
)
def test_before_try_has_drawn_its_face_is_looked_at_the_links_too(engine, query, point):
    first = Looked.at(None, query)
    point = {"truncation": TRUNCATION} | point
    assert (first.point, first.key, first.image) == (point, GAN, None)
    [asked, *_] = asked_by_try(engine, query)
    assert asked == point
    found = filled(Look(engine, SAY, first))
    assert "<img" in found["head"] and np.array_equal(found["looked"].image, face(point))
    assert found["looked"].same(Looked(point, GAN, face(point)))


def asked_by_try(engine, query) -> list:
    """The face that Try picks at a link, or at the plain address where the link is broken."""
    try:
        opening, _ = linked(query)
    except Refusal:
        opening, _ = linked("")

    async def run():
        return [said async for said in drawing(engine, SAY, opening)]

    return [said.chosen["point"] for said in asyncio.run(run()) if said.chosen]


def test_one_piece_that_is_refused_leaves_the_others_and_is_tried_again(engine):
    engine.failing[DIFFUSION] = Busy(waiting=9)
    found = filled(look(engine))
    assert 'role="alert"' in found["denoise"] and "<progress" not in found["denoise"]
    assert "opinion" in found["verdict"] and not found["looked"].whole
    assert not found["looked"].same(None) and found["looked"].same(replace(found["looked"]))


def test_where_the_generator_is_refused_the_room_says_why_once(engine):
    engine.failing[GAN] = Busy(waiting=9)
    found = filled(look(engine))
    assert 'role="alert"' in found["head"] and found["layers"] == ""
    assert "<progress" not in found["head"]


def test_without_networks_the_room_says_so(tmp_path):
    engine = FakeFaces(tmp_path, DIFFUSION)
    found = filled(look(engine))
    assert "not here" in text(found["head"]) and not engine.asked
    engine = FakeFaces(tmp_path, GAN)
    found = filled(look(engine))
    assert found["denoise"] == "" and found["copy"] != ""


def test_another_face_ends_what_is_computed_for_the_one_before(engine):
    """And so does leaving: in both cases the run is closed, in the middle of a wait too."""

    async def run():
        engine.gate, turn = asyncio.Event(), Latest()
        before = streaming.in_place(turn, inside.opened(look(engine)))
        for _ in range(2):
            await anext(before)  # the head; then it waits for the generator
        waiting = asyncio.ensure_future(anext(before))
        while not engine.open:
            await asyncio.sleep(0)
        after = streaming.in_place(turn, inside.opened(look(engine, {"mix": [[8, 1.0]]})))
        first = await anext(after)
        assert first["looked"].point == {"mix": [[8, 1.0]]}
        while engine.open:
            await asyncio.sleep(0)
        assert (await waiting) is not None and turn.under_way
        await after.aclose()
        assert not turn.under_way

    asyncio.run(asyncio.wait_for(run(), 20))


def test_the_room_is_wired_without_names_and_as_wide_as_a_batch(engine):
    with gr.Blocks() as page, gr.Tabs(), gr.Tab("inside") as room:
        inside.build(engine, WORDS, gr.State(None), room)
    wired = [fn for fn in page.fns.values() if fn.fn and "on_" in fn.fn.__name__]
    assert {fn.fn.__name__ for fn in wired} == {
        *("on_open", "on_move", "on_strip", "on_send", "on_back")
    }
    for fn in wired:
        assert fn.api_visibility == "private" and fn.concurrency_limit == 16


# Layer by layer


def test_each_layer_shows_its_maps_with_its_true_size_and_channels():
    html = generator.layers(SAY, answer(GAN, POINT, "layers"))
    assert html.count("<li>") == 6 and html.count("<img") == 5
    assert [f"{n} maps" in html for n in (320, 160, 80, 40)] == [True] * 4
    for size in (4, 8, 16, 32):
        assert f"16 maps of {size} by {size} squares" in html


def test_the_latent_is_as_many_bars_as_it_has_numbers_and_none_leaves_the_drawing():
    numbers = [5.0, -5.0, *np.linspace(-2, 2, 126)]
    drawing = generator.bars(SAY, numbers)
    lengths = [float(n) for n in re.findall(r"v(-?[\d.]+)", drawing)]
    assert len(lengths) == 128 and lengths[0] == -lengths[1]
    assert max(map(abs, lengths)) <= generator.HIGH / 2
    assert "128 numbers" in drawing and "from −5.0 to +5.0" in drawing


# Directions


def test_directions_have_numbers_for_names_and_begin_where_the_face_is():
    html = generator.sliders(SAY, {"mix": [[3, 1.0]], "moves": [0.5, -1.25]})
    assert re.findall(r"<span>(Direction \d)</span>", html) == [
        f"Direction {n}" for n in range(1, 7)
    ]
    assert re.findall(r'data-start="(-?[\d.]+)"', html) == ["0.5", "-1.2", *["0.0"] * 4]
    assert "+0.5" in html and "−1.2" in html


def test_sliders_stay_within_their_ends_and_keep_what_they_do_not_show():
    point = {"mix": [[3, 1.0]], "moves": [0, 0, 0, 0, 0, 0, 1.5, -1.0]}
    got = generator.moved(point, [9, -9, 0.1, 0, 0, 0])
    assert got == {"mix": [[3, 1.0]], "moves": [3, -3, 0.1, 0, 0, 0, 1.5, -1.0]}
    assert point["moves"][0] == 0


@pytest.mark.parametrize(
    "sent", [None, "moves", [], [0] * 5, [0] * 7, [float("nan")] * 6, ["x"] * 6, [None] * 6]
)
def test_what_are_no_moves_is_refused(sent):
    with pytest.raises(BadInput):
        generator.moved(POINT, sent)


def test_the_strip_goes_along_one_direction_and_leaves_the_others(engine):
    html = asyncio.run(generator.strip(look(engine), [0.5, 0, 0, 0, 0, 0], 2))
    asked = [one["moves"] for _, one, _ in engine.asked]
    assert [row[2] for row in asked] == [-3, -2, -1, 0, 1, 2, 3]
    assert all(row[0] == 0.5 and not any(row[3:]) for row in asked)
    assert html.count("<img") == 7 and "Direction 3 at −3.0" in html


@pytest.mark.parametrize("direction", [-1, 6, "2", None])
def test_a_direction_that_is_none_is_refused(engine, direction):
    with pytest.raises(BadInput):
        asyncio.run(generator.strip(look(engine), [0] * 6, direction))
    assert not engine.asked


# The discriminator


def test_the_score_is_told_as_a_rank():
    seen = answer(GAN, POINT, "occlusion") | {"above_photos": 0.24, "above_drawn": 0.81}
    told = text(discriminator.drawn(SAY, seen))
    assert "higher score than 24% of the photographs" in told
    assert "81% of the generator's drawings" in told


def test_the_verdict_stands_there_before_its_spots(engine):
    async def run():
        return [html async for html in discriminator.verdicts(look(engine), POINT)]

    first, last = asyncio.run(run())
    assert [options["view"] for _, _, options in engine.asked] == ["score", "occlusion"]
    told = "of the generator's drawings"
    assert told in text(first) and told in text(last)
    assert "<progress" in first and "196 spots" in text(first) and "data-heat" not in first
    assert "<progress" not in last and "data-heat" in last


def test_a_spot_that_spoke_for_is_a_square_and_one_against_a_ring():
    table = np.zeros((14, 14))
    table[2, 5], table[13, 0] = 0.4, -0.1
    html = discriminator.heat(SAY, face(POINT), table.tolist(), own=False)
    [square] = re.findall(r'class="for" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', html)
    x, y, wide = map(float, square)
    assert x + wide / 2 == pytest.approx(5 * 4 + 6) and y + wide / 2 == pytest.approx(2 * 4 + 6)
    [ring] = re.findall(r'class="against" cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"', html)
    assert (float(ring[0]), float(ring[1])) == (6, 58)
    assert float(ring[2]) * 2 < wide / 1.5, "a quarter as much is half as wide"
    assert json.loads(unescape(re.search('data-heat="([^"]*)"', html)[1])) == table.tolist()
    assert html.count("data-i=") == 196


def test_a_picture_without_any_effect_has_no_marks():
    html = discriminator.heat(SAY, face(POINT), np.zeros((14, 14)).tolist(), own=True)
    assert 'class="for"' not in html and 'class="against"' not in html


def sent(tmp_path_factory, content: bytes) -> dict:
    folder = tmp_path_factory.mktemp("uploads", numbered=True)
    file = folder / "drawing.png"
    file.write_bytes(content)
    return {"path": str(file)}


def png(width: int, height: int) -> bytes:
    file = BytesIO()
    Image.new("RGB", (width, height), (200, 90, 40)).save(file, "PNG")
    return file.getvalue()


def test_a_picture_of_ones_own_is_scored_and_not_larger_than_needed(
    engine, tmp_path_factory, monkeypatch
):
    payload = sent(tmp_path_factory, png(900, 700))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.getbasetemp()))
    assert get_upload_folder() == str(tmp_path_factory.getbasetemp())
    html = own(look(engine), payload)[-1]
    assert [(key, options["view"]) for key, _, options in engine.asked] == [
        (GAN, "score"),
        (GAN, "occlusion"),
    ]
    for _, one, _ in engine.asked:
        assert one["picture"].shape == (398, 512, 3) and one["picture"].dtype == np.uint8
    assert "deleted from the server within two hours" in text(html)


def own(look, payload) -> list[str]:
    """What the page is given for a picture that was sent, one after the other."""

    async def run():
        return [html async for html in look.each(discriminator.of_picture(look, payload))]

    return asyncio.run(run())


def test_a_file_that_another_visit_may_share_is_left_alone(engine, tmp_path_factory, monkeypatch):
    payload = sent(tmp_path_factory, png(20, 20))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path_factory.getbasetemp()))
    own(look(engine), payload)
    assert Path(payload["path"]).exists()


@pytest.mark.parametrize(
    "payload",
    [None, {}, {"path": "/etc/passwd"}, {"path": 7}, {"url": "data:image/png;base64,xxxx"}],
)
def test_what_is_no_picture_is_refused_in_its_place(engine, payload):
    [html] = own(look(engine), payload)
    assert 'role="alert"' in html and not engine.asked


# The training


def leave(engine, moments) -> str:
    """A replay in the checkpoint folder of the fake."""
    folder = engine.entries[GAN].folder
    side = replay.SIDE
    Image.new("RGB", (side, side * len(moments))).save(f"{folder}/{replay.STRIP}")
    with open(f"{folder}/{replay.MOMENTS}", "w") as file:
        json.dump(moments, file)
    return folder


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_training_has_a_frame_and_a_sentence_for_each_moment(engine, lang):
    html = replay.drawn(WORDS.speaker(lang), leave(engine, MOMENTS))
    said = json.loads(unescape(re.search('data-said="([^"]*)"', html)[1]))
    assert len(said) == 3 and 'max="2"' in html and "--frames:3" in html
    assert "1,500" in said[2] and "65%" in said[2] and "20" in said[2]
    assert said[0] == WORDS.say(lang, "images.inside.replay.before")
    assert "data:image/webp;base64," in html and f'height="{3 * replay.SIDE}"' in html


@pytest.mark.parametrize("name", ["discriminator_loss", "generator_loss", "told_apart"])
def test_the_curves_leave_out_what_is_not_known_and_stay_in_their_plots(name):
    path = re.search('d="M([^"]*)"', replay.line(MOMENTS, name, 2.0, replay.LOSSES, "kind"))[1]
    places = [tuple(map(float, one.split())) for one in path.split("L")]
    top, bottom = replay.LOSSES
    assert len(places) == 2
    assert all(top <= y <= bottom and replay.LEFT < x <= replay.WIDE for x, y in places)


def test_a_model_without_a_replay_says_so(engine):
    assert "no replay" in text(replay.drawn(SAY, engine.entries[GAN].folder))
    assert "no replay" in text(replay.drawn(SAY, None))


def test_a_player_begins_at_its_last_frame_and_escapes_what_it_says():
    html = player(SAY, "denoise", "", ["first", 'a "<last>"'])
    assert 'value="1"' in html and "<last>" not in html
    assert "a &quot;&lt;last&gt;&quot;</p>" in html


# Diffusion


def test_the_steps_begin_with_noise_and_each_has_its_guess(engine):
    async def run():
        return [found async for found in diffusion.steps_of(look(engine))][-1]

    found = asyncio.run(run())
    assert len(found.frames) == 21 and len(found.guesses) == 20
    html = diffusion.drawn(SAY, found)
    said = json.loads(unescape(re.search('data-said="([^"]*)"', html)[1]))
    assert len(said) == 21 and "nothing but noise" in said[0] and "done" in said[-1]
    assert "After step 7 of 20" in said[7]
    assert html.count(f'height="{21 * 64}"') == 2


def test_a_visitor_who_leaves_frees_the_drawing(engine):
    async def run():
        engine.gate = asyncio.Event()
        drawing = inside.denoised(look(engine))
        assert "<progress" in await anext(drawing)
        assert "step 0 of 20" in await anext(drawing)
        waiting = asyncio.ensure_future(anext(drawing))
        while not engine.open:
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert engine.open == 0

    asyncio.run(asyncio.wait_for(run(), 20))


# The copy meter


def test_the_share_that_is_nearer_is_read_off_the_quantiles():
    real = np.linspace(4, 12, 101)
    assert copies.share(8, real) == pytest.approx(0.5)
    assert (copies.share(1, real), copies.share(20, real)) == (0.01, 0.99)


@pytest.mark.parametrize(
    ("distance", "told"),
    [
        (4.01, "It may be a copy"),
        (4.4, "nearer than usual: only 5.0%"),
        (7, "as is usual: 38%"),
        (11.6, "farther away than usual: 95%"),
        (11.99, "farther from every training photograph than 99%"),
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_verdict_follows_the_distance(distance, told, lang):
    seen = {"distance": distance, "real": np.linspace(4, 12, 101).tolist()}
    html = copies.drawn(WORDS.speaker(lang), seen)
    if lang == "en":
        assert told in text(html)
    assert f"{distance:.2f}" in html


def test_the_bars_hold_every_photograph_and_the_mark_stands_where_the_face_is():
    real = np.linspace(4, 12, 101)
    html = copies.histogram(SAY, 20.0, real)
    heights = [float(h) for h in re.findall(r'height="([\d.]+)"', html)]
    assert max(heights) == pytest.approx(copies.BASE - copies.TOP, abs=0.1)
    [x] = re.findall(r'class="mark" d="M([\d.]+)', html)
    assert max(float(r) for r in re.findall(r'<rect x="([\d.]+)"', html)) < float(x)
    assert float(x) <= copies.WIDE - copies.RIGHT


def test_a_photograph_that_is_twice_in_the_collection_changes_nothing():
    real = np.linspace(4, 12, 101)
    twice = np.array([0.0, *real[1:]])
    for distance in (1.0, 4.1, 8.0):
        seen, same = ({"distance": distance, "real": one.tolist()} for one in (twice, real))
        assert copies.drawn(SAY, seen) == copies.drawn(SAY, same)
    assert "nearer to a training photograph than 99%" in text(
        copies.drawn(SAY, {"distance": 1.0, "real": twice.tolist()})
    )


def test_words_are_whole_in_both_languages():
    keys = [key for key in WORDS.tables["en"] if key.startswith("images.inside.")]
    assert len(keys) > 80
    assert all(WORDS.tables["zh"][key] for key in keys)
    fields = re.compile(r"{(\w+)}")
    for key in keys:
        assert set(fields.findall(WORDS.tables["en"][key])) == set(
            fields.findall(WORDS.tables["zh"][key])
        ), key


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("diffusion", [DIFFUSION, "images/shells"])
def test_of_a_visitors_own_model_no_face_is_said_to_be_shown(engine, lang, diffusion, monkeypatch):
    monkeypatch.setattr(Look, "diffusion", diffusion)
    told = text(inside.head(look(engine, key="images/shells", lang=lang)))
    assert ("Picture 3" if lang == "en" else "3 号图") in told
    assert not re.search("Nobody has|ace 3|没有人长这样|3 号脸", told), told
