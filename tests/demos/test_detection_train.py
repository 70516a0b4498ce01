"""Train of Detect: what its room says, what its routes give and refuse, a model that is used."""

from __future__ import annotations

import asyncio
import html
import io
import json
import re
import sys
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from fake_detection_training import __file__ as TRAINING
from fake_detectors import EVERYDAY, FakeDetectors, drawing
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demos import detection, training
from demos.detection import answers, train, tryout
from demos.detection.train.routes import LEAST as SURE
from demos.detection.train.routes import STARTER, SUSPECTED
from demos.detection.tryout import compare
from demos.language import LANGUAGES, Words
from demos.training.room import rendered
from jobs import Jobs, Limits
from jobs.store import DONE
from pretrained.detection import data
from pretrained.detection.train import LEAST

WORDS = Words()
ANN, BOB = {"X-Owner": "a" * 32}, {"X-Owner": "b" * 32}


@pytest.fixture
def jobs(tmp_path):
    def command(record, place, minutes):
        return [sys.executable, TRAINING, str(place)]

    made = Jobs(Limits(tmp_path / "jobs"), command=command)
    yield made
    made.close()


@pytest.fixture
def engine(tmp_path, jobs):
    found = FakeDetectors(tmp_path / "models")
    trained = training.unlisted(jobs)
    found.find = lambda key: found.entries.get(key) or trained(key)
    return found


@pytest.fixture
def client(engine, jobs):
    made = [*detection.train.routes(engine, WORDS, jobs), *training.routes(engine, WORDS, jobs)]
    owner = {"X-Owner": "a" * 32}
    return TestClient(Starlette(routes=made), raise_server_exceptions=False, headers=owner)


def jpeg(picture: Image.Image) -> bytes:
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=95)
    return written.getvalue()


def started(client, jobs, owner=ANN) -> str:
    """The id of a training on the shapes that is done."""
    upload = client.post("/train/uploads", headers=owner, json={}).json()["upload"]
    made = {"name": STARTER}
    assert client.post(f"/train/uploads/{upload}/starter", headers=owner, json=made).json()["files"]
    asked = {"key": EVERYDAY, "upload": upload, "options": {"minutes": 1}}
    id = client.post("/train/jobs", headers=owner, json=asked).json()["id"]
    while not jobs.get(id).ended:
        jobs.tick()
    assert jobs.get(id).state == DONE, jobs.log(id, owner["X-Owner"])
    return id


# ---- the room -----------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_room_has_a_place_to_draw_and_tells_its_script_the_recipes_bounds(jobs, lang):
    say = WORDS.speaker(lang)
    room = rendered(say, jobs, train.RECIPE, train.editor(say))
    told = json.loads(html.unescape(re.search(r'data-editor="([^"]*)"', room)[1]))
    assert told["least"] == LEAST
    assert told["words"]["unnamed"] == say.plain("detection.train.said.unnamed")
    assert room.index("data-give") < room.index("data-editor") < room.index('data-do="start"')
    assert f'data-starter="{STARTER}"' in room


def test_whatever_the_scripts_say_has_its_words():
    folder = detection.train.__path__[0]
    known = WORDS.table("en", "detection.train.said")
    for name in ("train", "boxes", "labels", "paint", "scored"):
        with open(f"{folder}/detection_{name}.js", encoding="utf-8") as script:
            text = script.read()
        said = set(re.findall(r"\bwords\.(\w+)", text))
        for listed in re.findall(r"\[([^][]*)\]\.map\(\(what\)", text):  # words[what]
            said |= set(re.findall(r'"(\w+)"', listed))
        assert said <= set(known), said - set(known)


# ---- proposals ----------------------------------------------------------------------------------


def test_objects_are_proposed_as_shares_of_the_picture_in_the_visitors_language(client):
    sent = jpeg(drawing((400, 200), person=(40, 20, 120, 180), dog=(200, 100, 300, 200)))
    found = client.post("/train/detection/suggest?lang=zh", content=sent).json()["objects"]
    assert [(one["label"], one["name"]) for one in found] == [("person", "人"), ("dog", "狗")]
    assert found[0]["box"] == pytest.approx([0.1, 0.1, 0.3, 0.9], abs=0.01)


def test_what_is_hardly_there_is_not_proposed(client):
    found = client.post("/train/detection/suggest", content=jpeg(drawing((300, 200)))).json()
    assert all(one["score"] >= SURE for one in found["objects"])
    assert "hot dog" not in [one["label"] for one in found["objects"]]


def test_where_it_knows_nothing_it_proposes_the_places_where_it_suspects_something(client, engine):
    async def predict(key, picture, *, view="answer"):
        proposals = {
            "boxes": np.array([[0, 0, 10, 10], [1, 1, 10, 10], [20, 20, 40, 60], [50, 50, 60, 60]]),
            "scores": np.array([0.8, 0.95, SUSPECTED, 0.3]),
            "anchors_seen": 9,
        }
        return {"objects": [], "proposals": proposals}

    engine.predict = predict
    sent = jpeg(Image.new("RGB", (100, 100)))
    found = client.post("/train/detection/suggest", content=sent).json()["objects"]
    assert [(one["label"], one["name"]) for one in found] == [("", ""), ("", "")]
    assert [one["box"] for one in found] == [[0.01, 0.01, 0.1, 0.1], [0.2, 0.2, 0.4, 0.6]]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_what_is_no_picture_is_refused_with_a_sentence(client, lang):
    answer = client.post(f"/train/detection/suggest?lang={lang}", content=b"nothing of the kind")
    assert answer.status_code == 400
    assert answer.json()["error"]["sentence"]


def test_where_nothing_can_be_trained_there_are_no_routes(engine):
    assert detection.train.routes(engine, WORDS, None) == []


# ---- pictures to begin with ---------------------------------------------------------------------


def test_the_shapes_come_with_their_boxes(client):
    told = client.get("/train/detection/starter").json()
    named = {image["file_name"] for image in told["labels"]["images"]}
    assert named == {picture["name"] for picture in told["pictures"]} and len(named) >= LEAST
    assert all(one["url"].startswith("data:image/png;base64,") for one in told["pictures"])


def test_labels_as_the_page_writes_them_are_read_by_the_recipe(tmp_path):
    """What `asCoco` (detection_formats.js) makes: tests/browser compares it with this."""
    rows = [{"id": n + 1, "file_name": f"{n}.jpg", "width": 60, "height": 40} for n in range(LEAST)]
    box = {"bbox": [5, 5, 20, 10], "area": 200, "iscrowd": 0, "category_id": 1}
    boxes = [{"id": n + 1, "image_id": n + 1} | box for n in range(LEAST)]
    told = {"images": rows, "annotations": boxes, "categories": [{"id": 1, "name": "刺猬"}]}
    (tmp_path / "annotations.json").write_text(json.dumps(told), "utf-8")
    for row in rows:
        Image.new("RGB", (60, 40)).save(tmp_path / row["file_name"])
    scenes = data.read(tmp_path, "train", LEAST)
    assert scenes.names() == ["刺猬"] and not scenes.left_out
    assert {scene.things[0].box for scene in scenes.scenes} == {(5, 5, 25, 15)}
    assert {scene.things[0].mask for scene in scenes.scenes} == {None}


def test_what_is_sent_as_it_is_is_read_before_anything_begins(client):
    upload = client.post("/train/uploads", headers=ANN, json={}).json()["upload"]
    client.post(f"/train/uploads/{upload}/starter", headers=ANN, json={"name": STARTER})
    asked = {"headers": ANN, "json": {"key": EVERYDAY}}
    seen = client.post(f"/train/uploads/{upload}/preview", **asked).json()
    assert (seen["pictures"], seen["boxes"], seen["left_out"]) == (24, 67, [])
    assert sorted(label for label, _ in seen["kinds"]) == ["circle", "square", "star", "triangle"]
    assert sum(count for _, count in seen["kinds"]) == 67


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_zip_without_labels_that_are_read_is_refused_before_anything_begins(client, lang):
    upload = client.post("/train/uploads", headers=ANN, json={}).json()["upload"]
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("export/data.yaml", "names: [hedgehog]")
        archive.writestr("export/1.jpg", jpeg(Image.new("RGB", (60, 40))))
    files = {"files": ("export.zip", written.getvalue())}
    assert client.post(f"/train/uploads/{upload}", headers=ANN, files=files).status_code == 200
    asked = {"headers": ANN, "json": {"key": EVERYDAY}}
    told = client.post(f"/train/uploads/{upload}/preview?lang={lang}", **asked).json()["error"]
    assert told["code"] == "bad_data" and "YOLO" in told["sentence"]
    assert upload not in told["sentence"]


# ---- what was kept aside ------------------------------------------------------------------------


def test_pictures_kept_aside_are_shown_to_who_has_the_link_and_no_others_of_the_data(client, jobs):
    id = started(client, jobs)
    shown = client.get(f"/train/detection/{id}/picture?file=00.png", headers=BOB)
    assert shown.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(shown.content)).size == (192, 144)
    for file in ("05.png", "annotations.json", "../out/config.json", "", "00.png/.."):
        hidden = client.get(f"/train/detection/{id}/picture", params={"file": file})
        assert (hidden.status_code, hidden.json()["error"]["code"]) == (404, "job_unknown"), file


def test_a_sample_cannot_name_a_file_outside_the_data(client, jobs):
    id = started(client, jobs)
    sample = jobs.get(id).out / "samples" / "000099.json"
    sample.write_text(json.dumps({"pictures": [{"file": "../out/config.json"}], "n": 1}))
    told = client.get(f"/train/detection/{id}/picture", params={"file": "../out/config.json"})
    assert told.status_code == 404


# ---- the model is used --------------------------------------------------------------------------


def test_a_trained_model_is_asked_by_its_key_and_is_compared_with_ours(client, jobs, engine):
    key = training.key_of(jobs.get(started(client, jobs)))
    entry = answers.entry_of(engine, key)
    assert entry.key == key and key not in answers.detectors(engine)
    answering, offered = compare.compared(engine, key)
    assert [one.key for one in answering] == [answers.RCNN, EVERYDAY, key]
    assert key not in [one.key for one in offered]


def test_try_takes_the_model_of_the_address(client, jobs, engine):
    key = training.key_of(jobs.get(started(client, jobs)))
    asked = []

    async def predict(one, picture, **options):
        asked.append(one)
        return {"objects": []}

    engine.predict = predict
    first = answers.first_example()
    assert first is not None
    request = SimpleNamespace(query_params={"model": key})
    own = tryout.models.asked(answers.TASK, engine, request)

    async def look() -> None:
        mine, say = tryout.Visit(), WORDS.speaker("en")
        async for _ in tryout.steps(engine, say, mine, [first], own.key):
            pass

    asyncio.run(look())
    assert asked == [key]


def test_a_page_of_another_site_gets_no_proposals(client):
    sent = jpeg(drawing((300, 200)))
    other = {"Origin": "https://example.com"}
    assert client.post("/train/detection/suggest", content=sent, headers=other).status_code == 403
    nobody = client.post("/train/detection/suggest", content=sent, headers={"X-Owner": ""})
    assert nobody.json()["error"]["code"] == "train_owner"
