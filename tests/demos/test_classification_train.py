"""Classes of pictures from the page: what comes in, what is learnt, what is refused."""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
from job_bench import Bench
from PIL import Image
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demos import training
from demos.classification import train, tryout
from demos.classification.train import collection, head
from demos.language import LANGUAGES, Words
from demos.training import unlisted
from inference.settings import Settings
from jobs import Jobs
from pretrained import catalog

ANN, BOB = {"X-Owner": "a" * 32}, {"X-Owner": "b" * 32}
RED, GREEN, BLUE = (200, 30, 30), (30, 200, 30), (30, 30, 200)


class Seeing:
    """An engine whose network says a picture's colours: 1,280 numbers, the first three its mean."""

    def __init__(self, jobs: Any) -> None:
        self.entries, self.settings = catalog.entries(), Settings()
        self.jobs, self.unlisted, self.asked = jobs, unlisted(jobs), 0

    def find(self, key: str) -> Any:
        return self.entries.get(key) or self.unlisted(key)

    async def preload(self, *keys: str) -> None:
        pass

    async def predict(self, key: str, picture: Any, *, view: str, **options: Any) -> Any:
        self.asked += 1
        assert view == "features"
        rng = np.random.default_rng(self.asked)
        found = rng.normal(0, 0.05, head.WIDTH).astype(np.float32)
        found[:3] = np.asarray(picture).reshape(-1, 3).mean(0) / 64
        return found


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "jobs")


@pytest.fixture
def client(bench: Bench, words: Words) -> Iterator[TestClient]:
    jobs = bench.jobs(data_mb=20)
    engine = Seeing(jobs)
    routes = [*train.routes(engine, words, jobs), *training.routes(engine, words, jobs)]
    with TestClient(Starlette(routes=routes), raise_server_exceptions=False) as made:
        made.engine = engine
        yield made


def picture(colour: tuple[int, int, int], seed: int = 0) -> bytes:
    rng = np.random.default_rng(seed)
    pixels = np.clip(np.array(colour) + rng.integers(-25, 25, (40, 40, 3)), 0, 255)
    data = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(data, "PNG")
    return data.getvalue()


def begun(client: TestClient, who: dict[str, str] = ANN) -> dict[str, Any]:
    return client.post("/train/classify", json={}, headers=who).json()


def given(
    client: TestClient,
    state: dict[str, Any],
    files: list[tuple[str, bytes]],
    of: int | None,
    who: dict[str, str] = ANN,
):
    where = f"/train/classify/{state['upload']}/pictures" + (f"?class={of}" if of else "")
    return client.post(where, files=[("files", file) for file in files], headers=who)


def settled(client: TestClient, state: dict[str, Any], who: dict[str, str] = ANN) -> dict[str, Any]:
    """The state when all pictures were looked at and what is there was learnt."""
    while True:
        state = client.get(
            f"/train/classify/{state['upload']}?after={state['version']}", headers=who
        ).json()
        ready = [len(one["pictures"]) for one in state["classes"] if one["pictures"]]
        known = state["learnt"]["pictures"] if state["learnt"] else 0
        if not state["waiting"] and (known == sum(ready) or len(ready) < 2):
            return state


def taught(client: TestClient, count: int = 6, who: dict[str, str] = ANN) -> dict[str, Any]:
    """Three classes of one colour each."""
    state = begun(client, who)
    for one, colour in zip(state["classes"], (RED, GREEN, BLUE), strict=True):
        files = [(f"{n}.png", picture(colour, n)) for n in range(count)]
        assert given(client, state, files, one["id"], who).status_code == 200
    return settled(client, state, who)


def test_three_classes_are_learnt_and_asked(client):
    state = taught(client)
    assert [len(one["pictures"]) for one in state["classes"]] == [6, 6, 6]
    known = state["learnt"]
    assert (known["right"], known["n"], known["pictures"]) == (18, 18, 18)
    assert [len(cell) for row in known["matrix"] for cell in row] == [6, 0, 0, 0, 6, 0, 0, 0, 6]
    for one, colour in zip(state["classes"], (RED, GREEN, BLUE), strict=True):
        where = f"/train/classify/{state['upload']}/answer"
        answers = client.post(where, content=picture(colour, 99), headers=ANN).json()["answers"]
        assert max(answers, key=lambda a: a["probability"])["class"] == one["id"]
        assert sum(a["probability"] for a in answers) == pytest.approx(1, abs=1e-3)


def test_files_of_a_training_are_known_to_who_gave_them(client, tmp_path):
    state = taught(client)
    where = f"/train/classify/{state['upload']}/ids"
    inner = next(tmp_path.rglob(f"uploads/*/{state['upload']}/*/0.png")).parent
    files = [f"{inner.name}/{n}.png" for n in range(2)] + ["../../etc", "no/such.png"]
    told = client.post(where, json={"files": files}, headers=ANN).json()["ids"]
    assert None not in told[:2] and told[2:] == [None, None]
    assert set(told[:2]) <= {id for one in state["classes"] for id in one["pictures"]}
    client.delete(f"/train/classify/{state['upload']}/pictures/{told[0]}", headers=ANN)
    assert client.post(where, json={"files": files[:1]}, headers=ANN).json() == {"ids": [None]}
    assert client.post(where, json={"files": "all"}, headers=ANN).status_code == 400
    assert client.post(where, json={"files": files}, headers=BOB).status_code == 404


def test_a_class_is_added_named_anew_and_removed(client):
    state = begun(client)
    top = f"/train/classify/{state['upload']}/classes"
    added = client.post(top, json={"name": "Fourth"}, headers=ANN).json()["classes"]
    assert [one["name"] for one in added][3:] == ["Fourth"]
    named = client.patch(f"{top}/{added[3]['id']}", json={"name": "Last"}, headers=ANN).json()
    assert [one["name"] for one in named["classes"]][3:] == ["Last"]
    left = client.delete(f"{top}/{added[3]['id']}", headers=ANN).json()["classes"]
    assert left == state["classes"]


def test_a_picture_that_goes_is_forgotten_and_one_that_moves_is_learnt_anew(client):
    state = taught(client)
    red, green, _ = state["classes"]
    where = f"/train/classify/{state['upload']}/pictures/{red['pictures'][0]}"
    state = settled(client, client.delete(where, headers=ANN).json())
    assert state["learnt"]["pictures"] == 17
    where = f"/train/classify/{state['upload']}/pictures/{red['pictures'][1]}"
    client.patch(where, json={"class": green["id"]}, headers=ANN)
    state = settled(client, state)
    assert [len(one["pictures"]) for one in state["classes"]] == [4, 7, 6]


def test_folders_of_a_zip_are_classes(client):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        for name, colour in (("tea", GREEN), ("wine", RED)):
            for n in range(3):
                packed.writestr(f"drinks/{name}/{n}.png", picture(colour, n))
        packed.writestr("__MACOSX/drinks/._0.png", b"x")
    state = begun(client)
    answer = given(client, state, [("drinks.zip", data.getvalue())], None).json()
    assert answer["received"]["passed_over"] == 1
    state = settled(client, answer)
    named = {one["name"]: len(one["pictures"]) for one in state["classes"]}
    assert named["tea"] == named["wine"] == 3


def test_what_is_no_picture_makes_no_class_and_old_complaints_go(client):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        packed.writestr("a.txt", b"nothing")
        packed.writestr("x/y.bin", b"nothing")
    state = begun(client)
    names = [one["name"] for one in state["classes"]]
    state = given(client, state, [("odd.zip", data.getvalue())], None).json()
    assert [one["name"] for one in state["classes"]] == names
    assert state["left_out"]["count"] == 2 and state["waiting"] == 0
    first = state["classes"][0]["id"]
    state = given(client, state, [("0.png", picture(RED))], first).json()
    assert state["left_out"]["count"] == 0


def test_a_file_that_is_no_picture_is_named_and_the_others_learnt(client, words):
    state = begun(client)
    first = state["classes"][0]["id"]
    files = [("0.png", picture(RED)), ("broken.png", b"nothing"), ("1.png", picture(RED, 1))]
    given(client, state, files, first)
    state = settled(client, state)
    assert len(state["classes"][0]["pictures"]) == 2 and state["learnt"] is None
    assert state["left_out"]["count"] == 1
    assert state["left_out"]["files"][0]["name"] == "broken.png"
    assert state["left_out"]["files"][0]["sentence"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_asked_too_early_or_wrongly_is_a_sentence(client, words, lang):
    state = begun(client)
    top = f"/train/classify/{state['upload']}"
    cases = {
        "train_not_learnt": client.post(f"{top}/answer?lang={lang}", content=b"x", headers=ANN),
        "train_no_name": client.patch(
            f"{top}/classes/1?lang={lang}", json={"name": "  "}, headers=ANN
        ),
        "train_no_class": client.delete(f"{top}/classes/999?lang={lang}", headers=ANN),
        "train_request": client.delete(f"{top}/classes/x?lang={lang}", headers=ANN),
    }
    taken = {"name": state["classes"][1]["name"]}
    cases["train_name_taken"] = client.patch(
        f"{top}/classes/{state['classes'][0]['id']}?lang={lang}", json=taken, headers=ANN
    )
    for code, answer in cases.items():
        assert answer.status_code == 400 and answer.json()["error"]["code"] == code
        told = answer.json()["error"]["sentence"]
        assert told == words.say(lang, f"error.{code}", **({} if "{" not in words.say(
            lang, f"error.{code}") else taken))  # fmt: skip


def test_too_much_is_refused_and_nothing_of_it_stays(client):
    state = begun(client)
    big = [("big.png", b"\x89PNG" + b"x" * 21 * 2**20)]
    answer = given(client, state, big, state["classes"][0]["id"])
    assert answer.status_code == 413
    state = client.get(f"/train/classify/{state['upload']}", headers=ANN).json()
    assert state["waiting"] == 0 and not state["classes"][0]["pictures"]


def test_a_zip_that_was_made_to_do_harm_is_refused_and_leaves_nothing(client):
    state = begun(client)
    inside = {"zip_unsafe": ("../out.png", picture(RED)), "zip_bomb": ("a/1.png", bytes(5_000_000))}
    for code, (name, content) in inside.items():
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)
        answer = given(client, state, [("sent.zip", packed.getvalue())], None)
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == code
        assert "sent.zip" in answer.json()["error"]["sentence"]
    left = client.get(f"/train/classify/{state['upload']}", headers=ANN).json()
    assert left["waiting"] == 0 and not any(one["pictures"] for one in left["classes"])


def test_what_one_visitor_gave_is_no_others(client):
    state = taught(client, 2)
    top = f"/train/classify/{state['upload']}"
    for answer in (
        client.get(top, headers=BOB),
        client.delete(top, headers=BOB),
        client.post(f"{top}/answer", content=picture(RED), headers=BOB),
        client.post(f"{top}/keep", json={}, headers=BOB),
        client.get(f"{top}/pictures/{state['classes'][0]['pictures'][0]}?key=guess"),
    ):
        assert answer.status_code in (403, 404)
    mine = f"{top}/pictures/{state['classes'][0]['pictures'][0]}?key={state['key']}"
    assert client.get(mine).headers["content-type"] == "image/jpeg"


def test_a_server_that_starts_again_has_them_still(bench, words):
    jobs = bench.jobs(data_mb=20)
    with TestClient(Starlette(routes=train.routes(Seeing(jobs), words, jobs))) as client:
        state = taught(client, 3)
    again = Seeing(jobs)
    with TestClient(Starlette(routes=train.routes(again, words, jobs))) as client:
        found = settled(client, client.get(
            f"/train/classify/{state['upload']}", headers=ANN).json())  # fmt: skip
        assert [one["pictures"] for one in found["classes"]] == [
            one["pictures"] for one in state["classes"]
        ]
        assert again.asked == 0  # nothing was looked at twice


def test_a_classifier_that_is_kept_has_a_page_and_can_be_taken_back(client):
    state = taught(client)
    told = client.post(
        f"/train/classify/{state['upload']}/keep", json={"title": "Colours"}, headers=ANN
    ).json()
    assert told.get("title") == "Colours", told
    assert told["address"].endswith(f"/use/{told['link']}") and told["link"] != told["id"]
    assert told["qr"].startswith("<svg") and not told["local"]
    shown = client.get(f"/use/{told['link']}?lang=zh")
    assert shown.status_code == 200 and "Colours" in shown.text and "{{" not in shown.text
    job = client.get(f"/train/jobs/{told['id']}", headers=ANN).json()["job"]
    assert job["state"] == "done" and job["model"] == f"classification/{told['link']}"
    # Who may use it sees nothing of its training: no page has the number that shows that.
    assert told["id"] not in shown.text
    assert client.get(f"/train/jobs/{told['link']}").status_code == 404
    assert client.get(f"/use/{told['id']}").status_code == 404
    assert client.delete(f"/train/jobs/{told['id']}", headers=ANN).status_code == 200
    assert client.get(f"/use/{told['link']}").status_code == 404


def kept(client: TestClient, title: str, who: dict[str, str] = ANN) -> str:
    """The key of a classifier that was kept under this name."""
    state = taught(client, 2, who)
    where = f"/train/classify/{state['upload']}/keep"
    return f"classification/{client.post(where, json={'title': title}, headers=who).json()['link']}"


def offered(jobs: Jobs, engine: Seeing, words: Words, secret: str, **more: str) -> list[Any]:
    """The choices of Try's list of models, as the page of whoever has this secret is told them."""
    with gr.Blocks(analytics_enabled=False) as page:
        tryout.build(engine, words, jobs)
    [fill] = [fn.fn for fn in page.fns.values() if fn.name == "fill"]
    told = fill(secret, gr.Request(query_params={"lang": "en", **more}))
    return told["choices"]


def test_try_lists_what_a_visitor_kept_for_that_visitor_alone(bench, words):
    jobs = bench.jobs(data_mb=20)
    engine = Seeing(jobs)
    with TestClient(Starlette(routes=train.routes(engine, words, jobs))) as client:
        key, other = kept(client, "My shapes 🔺"), kept(client, "<b>Tea & wine</b> " * 4)
        theirs = kept(client, "Bob's", BOB)
    house = offered(jobs, engine, words, "")
    ours = offered(jobs, engine, words, ANN["X-Owner"])
    assert ours[: len(house)] == house and theirs not in [key for _, key in ours]
    shortened = "★ <b>Tea & wine</b> <b>Tea & wine…"
    assert set(ours[len(house) :]) == {("★ My shapes 🔺", key), (shortened, other)}
    assert [one for one in offered(jobs, engine, words, BOB["X-Owner"]) if one not in house] == [
        ("★ Bob's", theirs)
    ]
    assert offered(jobs, engine, words, "no secret; 'a' OR 1=1") == house
    linked = offered(jobs, engine, words, "", model=key)  # whoever has the link
    assert linked == [*house, ("★ My shapes 🔺", key)]


def test_what_was_taken_back_is_listed_no_more_and_not_chosen(bench, words):
    jobs = bench.jobs(data_mb=20)
    engine = Seeing(jobs)
    with TestClient(Starlette(routes=train.routes(engine, words, jobs))) as client:
        key = kept(client, "Colours")
    with gr.Blocks(analytics_enabled=False) as page:
        tryout.build(engine, words, jobs)
    [anew] = [fn.fn for fn in page.fns.values() if fn.name == "fill_anew"]
    asked = ANN["X-Owner"], key, gr.Request(query_params={"lang": "en"})
    told = anew(*asked)
    assert key in [key for _, key in told["choices"]] and "value" not in told
    jobs.remove(jobs.linked(key.split("/")[1]).id, ANN["X-Owner"])
    told = anew(*asked)
    assert key not in [key for _, key in told["choices"]]
    assert told["value"] == "classification/imagenet"


def test_two_of_one_name_are_told_apart_by_their_times(bench, words):
    jobs = bench.jobs(data_mb=20)
    engine = Seeing(jobs)
    with TestClient(Starlette(routes=train.routes(engine, words, jobs))) as client:
        first = kept(client, "Colours")
        assert engine.find(first).title == "★ Colours"
        bench.now += 1
        second = kept(client, " Colours ")
        kept(client, "Colours", BOB)  # somebody else's changes nothing
    day = f"{datetime.fromtimestamp(bench.now):%m-%d %H:%M:%S}"
    assert engine.find(second).title == f"★ Colours · {day}"
    assert engine.find(first).title not in ("★ Colours", engine.find(second).title)
    jobs.remove(jobs.linked(first.split("/")[1]).id, ANN["X-Owner"])
    assert engine.find(second).title == "★ Colours"


def test_no_more_are_listed_than_one_may_keep(bench, words):
    jobs = bench.jobs(data_mb=20)
    engine = Seeing(jobs)
    with TestClient(Starlette(routes=train.routes(engine, words, jobs))) as client:
        for name in "abc":
            kept(client, name)
    fewer = SimpleNamespace(list=jobs.list, limits=SimpleNamespace(kept=2))
    assert len(training.mine(jobs, engine, "classification", ANN["X-Owner"])) == 3
    assert len(training.mine(fewer, engine, "classification", ANN["X-Owner"])) == 2
    assert training.mine(jobs, engine, "text", ANN["X-Owner"]) == []


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("host", "listens", "local"),
    [
        ("127.0.0.1:7860", "127.0.0.1", "only"),
        ("localhost", "::1", "only"),
        ("[::1]:7860", "0.0.0.0", "address"),
        ("192.168.1.5:7860", "0.0.0.0", ""),
        ("classes.example", "127.0.0.1", ""),  # a proxy asks
    ],
)
def test_an_address_that_no_phone_can_open_is_said_to_be_one(
    client, words, lang, host, listens, local
):
    state = taught(client, 2)
    client.engine.settings = Settings(host=listens)
    asked = {**ANN, "Host": host}
    where = f"/train/classify/{state['upload']}/keep?lang={lang}"
    told = client.post(where, json={"title": "Colours"}, headers=asked).json()
    where = f"/use/{told['link']}/link?lang={lang}"
    assert {"id": told["id"]} | client.get(where, headers=asked).json() == told
    assert told["address"] == f"http://{host}/use/{told['link']}"
    said = words.say(lang, f"classification.train.local_{local}") if local else ""
    assert told["local"] == said and bool(told["qr"]) is not bool(local)
    assert ("--host 0.0.0.0" in told["local"]) is (local == "only")


def test_kept_pictures_start_a_training_of_the_whole_network(client, bench):
    state = taught(client, 2)
    where = f"/train/classify/{state['upload']}/whole"
    job = client.post(where, json={"minutes": 1}, headers=ANN).json()
    assert (job["state"], job["key"]) == ("queued", "classification/imagenet")
    folder = next((bench.folder / "jobs" / job["id"] / "data").iterdir())
    assert len(list(folder.parent.rglob("*.png"))) == 6
    assert client.get(f"/train/classify/{state['upload']}", headers=ANN).status_code == 200


def test_however_often_it_is_pressed_one_training_begins_on_the_same_pictures(client, bench, words):
    state = taught(client, 2)
    top = f"/train/classify/{state['upload']}"

    def press(server: TestClient = client) -> dict[str, Any]:
        return server.post(f"{top}/whole", json={"minutes": 1}, headers=ANN).json()

    def trainings() -> int:
        return len(client.get("/train/jobs", headers=ANN).json()["jobs"])

    with ThreadPoolExecutor(4) as several:
        first, *others = [job.get("id") for job in several.map(lambda _: press(), range(4))]
    assert first and others == [first] * 3 and trainings() == 1

    jobs = client.engine.jobs
    again = TestClient(Starlette(routes=train.routes(client.engine, words, jobs)))
    assert press(again)["id"] == first, "what a server that ended had begun"
    gone = f"{top}/pictures/{state['classes'][0]['pictures'][0]}"
    settled(client, client.delete(gone, headers=ANN).json())
    second = press()["id"]
    assert second != first, "other pictures"
    client.post(f"/train/jobs/{second}/cancel", headers=ANN)
    assert press()["id"] not in (first, second), "what was ended is not under way"
    assert trainings() == 3


def test_the_features_are_what_the_networks_last_layer_reads() -> None:
    from pretrained.classification.efficientnet import HEAD

    assert head.WIDTH == HEAD


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_page_of_another_site_cannot_use_a_model(
    client: TestClient, words: Words, lang: str
) -> None:
    other = {"Origin": "https://example.com"}
    refused = client.post(f"/use/any/answer?lang={lang}", content=b"x", headers=other)
    assert refused.status_code == 403
    said = words.say(lang, "error.train_other_site", site="https://example.com")
    assert refused.json()["error"]["sentence"] == said
    own = client.post("/use/any/answer", content=b"x", headers={"Origin": str(client.base_url)})
    assert own.json()["error"]["code"] == "job_unknown"


def filled(folder: Path, count: int) -> collection.Collection:
    """Pictures that were looked at, the last one of another class; the n-th's features: n + 1."""
    (folder / "sent").mkdir(parents=True)
    made = collection.Collection.make(folder, ["a", "b"])
    for number in range(count):
        (folder / "sent" / f"{number}.png").write_bytes(picture(RED, number))
    made.sort_in(folder / "sent", 1)
    for number, one in enumerate(made.waiting(count)):
        with Image.open(made.path(one)) as looked_at:
            made.seen(one, looked_at, np.full(head.WIDTH, number + 1, np.float32))
    made.move(max(made.pictures), 2)
    made.save()
    return made


def features(made: collection.Collection) -> dict[int, set[float]]:
    """What is held of each picture, by its id."""
    return {one.id: set(map(float, made.features.rows[one.row])) for one in made.pictures.values()}


@pytest.mark.parametrize("gone", [[0], [5], [1, 4], [5, 4, 0]])
def test_nothing_of_a_deleted_picture_stays(tmp_path, gone):
    made = filled(tmp_path / "upload", 6)
    pictures = list(made.pictures.values())
    known, small = features(made), {one.id: made.thumbnail(one.id) for one in pictures}
    for number in gone:
        made.delete(pictures[number].id)
    left = {one.id for one in pictures} - {pictures[number].id for number in gone}
    for now in (made, collection.Collection.open(made.folder)):
        assert features(now) == {id: known[id] for id in left}
        assert {id: now.thumbnail(id) for id in left} == {id: small[id] for id in left}
    room = made.folder / ".room"
    kept = np.fromfile(room / "features.f16", np.float16).reshape(-1, head.WIDTH)
    assert sorted(kept[:, 0]) == sorted(min(known[id]) for id in left)
    assert not any(small[pictures[n].id] in (room / "thumbnails").read_bytes() for n in gone)
    made.remove(1)
    assert features(made) == {id: known[id] for id in left & {pictures[5].id}}


def test_collections_that_are_held_are_bounded_by_their_bytes(bench, tmp_path, monkeypatch):
    jobs = bench.jobs()
    rooms = sys.modules[train.routes.__module__].Rooms(Seeing(jobs), jobs)
    made = [filled(tmp_path / name, 3) for name in "abc"]
    monkeypatch.setattr(sys.modules[train.routes.__module__], "MOST_HELD", 2 * made[0].in_memory)
    for one in made:
        rooms._hold(one, "ann")
    assert list(rooms.opened) == ["b", "c"]
    assert rooms._open(made[0].folder, "ann") is not made[0]  # read again
    assert list(rooms.opened) == ["c", "a"]
