"""Training from the page: who may ask for what over plain HTTP, and how a model is found again."""

from __future__ import annotations

import io
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tiny_writers
from hub_standin import WRITER
from job_bench import Bench
from safetensors.torch import save_file
from starlette.applications import Starlette
from starlette.testclient import TestClient

from demos import training, v1
from demos.language import Words
from demos.training.room import rendered
from inference.engine import Engine
from inference.errors import UnknownModel
from inference.metrics import UNLISTED
from inference.settings import Settings
from jobs import Jobs, moments
from jobs.take_home import packing
from pretrained.checkpoint import load_weights

ANN, BOB = {"X-Owner": "a" * 32}, {"X-Owner": "b" * 32}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "jobs")
    yield made
    for jobs in made.open:
        for running in list(jobs.scheduler.running.values()):
            running.worker.kill()
            running.worker.wait(10)


@pytest.fixture
def jobs(bench: Bench) -> Jobs:
    return bench.jobs()


@pytest.fixture
def client(jobs: Jobs, words: Words) -> TestClient:
    app = Starlette(routes=training.routes(SimpleNamespace(), words, jobs))
    return TestClient(app, raise_server_exceptions=False)


def sent(client: TestClient, *names: str, headers: dict[str, str] = ANN, under: str = "") -> str:
    """The name of an upload with a small file of each name."""
    upload = client.post("/train/uploads", headers=headers).json()["upload"]
    files = [("files", (name, b"to learn from")) for name in names]
    answer = client.post(f"/train/uploads/{upload}?under={under}", files=files, headers=headers)
    assert answer.status_code == 200, answer.text
    return upload


def started(client: TestClient, headers: dict[str, str] = ANN, **more: Any) -> dict[str, Any]:
    upload = sent(client, "text.txt", headers=headers)
    asked = {"key": "text/shakespeare", "upload": upload, "options": {"minutes": 1}, **more}
    answer = client.post("/train/jobs", json=asked, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_training_from_the_first_file_to_the_model(client, jobs, bench):
    job = started(client)
    assert (job["state"], job["place"], job["mine"], job["model"]) == ("queued", 1, True, None)
    bench.until_ended(jobs, job["id"])
    seen = client.get(f"/train/jobs/{job['id']}", headers=ANN).json()
    assert seen["job"]["state"] == "done"
    assert seen["job"]["model"] == f"text/{job['link']}"
    assert [one["n"] for one in seen["events"]] == list(range(1, len(seen["events"]) + 1))
    later = client.get(f"/train/jobs/{job['id']}?after=3", headers=ANN).json()
    assert later["events"][0]["n"] == 4
    assert [one["id"] for one in client.get("/train/jobs", headers=ANN).json()["jobs"]] == [
        job["id"]
    ]


def test_its_owner_names_a_model(client, jobs):
    path = f"/train/jobs/{started(client)['id']}"
    assert client.post(f"{path}/name", json={"name": "Mine"}, headers=BOB).status_code == 403
    assert client.post(f"{path}/name", json={"name": ["Mine"]}, headers=ANN).status_code == 400
    told = client.post(f"{path}/name", json={"name": " My\n\u202eown  "}, headers=ANN)
    assert told.json()["name"] == "My own"
    for headers in (ANN, BOB):  # whoever has the link reads it
        assert client.get(path, headers=headers).json()["job"]["name"] == "My own"
    client.post(f"{path}/name", json={"name": "x" * 100}, headers=ANN)
    assert client.get(path).json()["job"]["name"] == "x" * 59 + "…"
    for nothing in ("", "\u200d \u200d"):
        told = client.post(f"{path}/name", json={"name": nothing}, headers=ANN)
        assert told.json()["name"] == ""


def test_whoever_has_the_link_may_look_and_nothing_else(client, jobs):
    job = started(client)
    seen = client.get(f"/train/jobs/{job['id']}").json()["job"]
    assert not seen["mine"] and seen["state"] == "queued"
    for what in ("pause", "resume", "cancel"):
        assert client.post(f"/train/jobs/{job['id']}/{what}", headers=BOB).status_code == 403
    assert client.delete(f"/train/jobs/{job['id']}", headers=BOB).status_code == 403
    assert client.get(f"/train/jobs/{job['id']}/log", headers=BOB).status_code == 403
    assert client.get("/train/jobs", headers=BOB).json() == {"jobs": []}
    assert jobs.get(job["id"]).state == "queued"


def test_what_one_visitor_sent_is_no_others(client):
    upload = sent(client, "text.txt")
    files = [("files", ("more.txt", b"x"))]
    assert client.post(f"/train/uploads/{upload}", files=files, headers=BOB).status_code == 404
    asked = {"key": "text/shakespeare", "upload": upload}
    assert client.post("/train/jobs", json=asked, headers=BOB).status_code == 404


@pytest.mark.parametrize(
    "name", ["../../up.txt", "/etc/up.txt", "..\\..\\up.txt", "a/../../up.txt"]
)
def test_no_file_leaves_its_upload(client, jobs, name):
    upload = sent(client, name)
    top = jobs.limits.folder
    [found] = top.rglob("up.txt")
    assert found.is_relative_to(jobs.uploaded(ANN["X-Owner"], upload))


@pytest.mark.parametrize("data", ["..", "../..", "/etc/passwd", "text.txt/../../.."])
def test_no_training_reads_outside_its_upload(client, data):
    upload = sent(client, "text.txt", "more.txt")
    asked = {"key": "text/shakespeare", "upload": upload, "data": data}
    assert client.post("/train/jobs", json=asked, headers=ANN).status_code == 404


def test_folders_of_a_browser_stay_and_may_be_classes(client, jobs):
    upload = sent(client, "pets/cats/1.jpg", "pets/dogs/1.jpg", under="")
    folder = jobs.uploaded(ANN["X-Owner"], upload)
    found = sorted(str(p.relative_to(folder)) for p in folder.rglob("*.jpg"))
    assert found == ["pets/cats/1.jpg", "pets/dogs/1.jpg"]
    asked = {"key": "classification/imagenet", "upload": upload}
    job = client.post("/train/jobs", json=asked, headers=ANN).json()
    assert jobs.store.get(job["id"]).data == "data/pets"


def test_the_only_file_is_what_is_learnt_from(client, jobs):
    job = started(client)
    assert jobs.store.get(job["id"]).data == "data/text.txt"


def test_a_zip_is_unpacked(client, jobs):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as packed:
        packed.writestr("pets/cats/1.jpg", b"x")
    upload = client.post("/train/uploads", headers=ANN).json()["upload"]
    files = [("files", ("pets.zip", data.getvalue()))]
    client.post(f"/train/uploads/{upload}", files=files, headers=ANN)
    [found] = jobs.uploaded(ANN["X-Owner"], upload).rglob("*.jpg")
    assert found.parts[-3:] == ("pets", "cats", "1.jpg")


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_refusals_are_said_in_the_visitors_language(client, words, lang):
    asked = client.post(f"/train/uploads?lang={lang}")
    assert asked.status_code == 400
    assert asked.json()["error"] == {
        "code": "train_owner",
        "sentence": words.say(lang, "error.train_owner"),
    }
    gone = client.get(f"/train/jobs/{'x' * 22}?lang={lang}")
    assert gone.status_code == 404
    assert gone.json()["error"]["sentence"] == words.say(lang, "error.job_unknown")


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"null", b"[" * 100_000])
def test_what_cannot_be_read_is_a_sentence(client, body):
    answer = client.post("/train/jobs", content=body, headers=ANN)
    assert answer.status_code == 400 and answer.json()["error"]["code"] == "train_request"


@pytest.mark.parametrize(
    "options", [{"minutes": -1}, {"minutes": "NaN"}, {"out": "/tmp/x"}, {"epochs": 1.5}, "x"]
)
def test_options_are_checked(client, options):
    upload = sent(client, "text.txt")
    asked = {"key": "text/shakespeare", "upload": upload, "options": options}
    answer = client.post("/train/jobs", json=asked, headers=ANN)
    assert answer.status_code == 400 and answer.json()["error"]["sentence"]


def test_more_data_than_the_host_allows_is_refused(client, jobs):
    upload = client.post("/train/uploads", headers=ANN).json()["upload"]
    files = [("files", ("big.txt", b"x" * 3 * 2**20))]
    answer = client.post(f"/train/uploads/{upload}", files=files, headers=ANN)
    assert answer.status_code == 413
    assert not list(jobs.uploaded(ANN["X-Owner"], upload).iterdir())


def test_a_host_that_wants_no_jobs_says_so(bench, words):
    jobs = bench.jobs(on=False)
    client = TestClient(Starlette(routes=training.routes(SimpleNamespace(), words, jobs)))
    answer = client.post("/train/uploads", headers=ANN)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "jobs_off")
    assert training.routes(SimpleNamespace(), words, None) == []


def test_a_sample_is_shown_and_nothing_in_it_runs(client, jobs, tmp_path):
    job = started(client)
    folder = jobs.get(job["id"]).out / "samples"
    folder.mkdir(parents=True)
    (folder / "000001.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    answer = client.get(f"/train/jobs/{job['id']}/samples/000001.svg")
    assert answer.status_code == 200 and "sandbox" in answer.headers["content-security-policy"]
    for name in ("..%2f..%2flog.txt", "link.txt", "none.txt", ".hidden"):
        assert client.get(f"/train/jobs/{job['id']}/samples/{name}").status_code == 404


def checkpoint(folder: Path) -> None:
    """A folder that the catalogue reads as a writer; nothing in these tests loads it."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {"key": "text/shakespeare", "loader": "pretrained.text.serve:load"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "model.safetensors").write_bytes(b"")


def test_a_training_that_is_done_is_a_model_for_whoever_knows_its_key(client, jobs, bench):
    job = started(client)
    find = training.unlisted(jobs)
    key = f"text/{job['link']}"
    assert find(key) is None and key != f"text/{job['id']}"
    done = bench.until_ended(jobs, job["id"])
    checkpoint(done.out)
    entry = find(key)
    assert entry is not None and entry.key == key and entry.folder == str(done.out.resolve())
    assert find(f"translation/{job['link']}") is None and find(f"text/{job['id']}") is None
    with pytest.raises(UnknownModel):
        find(f"{key}@99")
    client.delete(f"/train/jobs/{job['id']}", headers=ANN)
    assert find(key) is None


def kept(out: Path, base: Path, name: str, gain: float) -> None:
    """A moment of a writer's training: its cells times ``gain``, in half precision."""
    learnt = {
        key: (value * gain if key.startswith("cells") else value).half()
        for key, value in load_weights(base).items()
    }
    (out / "moments").mkdir(exist_ok=True)
    told = {"step": name, "epoch": "0", "progress": "0.5"}
    save_file(learnt, out / "moments" / f"{name}.safetensors", metadata=told)


@pytest.mark.parametrize("ended", [True, False], ids=["done", "running"])
def test_a_moment_of_a_training_answers_whoever_knows_its_key(jobs, bench, words, ended):
    job = bench.submit(jobs)
    if ended:
        bench.until_ended(jobs, job.id)
    out = jobs.get(job.id).out
    tiny_writers.tiny(out if ended else out / moments.START)
    for number in range(9):
        kept(out, out if ended else out / moments.START, f"{number:02}", 1 - number / 9)
    engine = Engine({}, Settings(device="cpu"), unlisted=training.unlisted(jobs))
    client = TestClient(Starlette(routes=v1.routes(engine, words)))

    def written(key: str, lang: str = "en") -> Any:
        asked = {"prompt": "ROMEO:", "model": key, "length": 20, "seed": 1, "stream": False}
        return client.post(f"/v1/write?lang={lang}", json=asked)

    texts = [written(f"text/{job.link}@{number:02}").json()["text"] for number in range(9)]
    assert len(set(texts)) > 1
    assert [written(f"text/{job.link}@00").json()["text"], texts[0]] == [texts[0]] * 2
    copies = [one for one in (out / "moments").glob("[0-9]*") if one.is_dir()]
    assert len(copies) == moments.MOST_COPIES, "of a checkpoint, however many are asked"
    assert engine.status()["models"] == []

    stranger = written(f"text/{'x' * 22}@00")
    nobody = written("text/none")
    assert stranger.status_code == nobody.status_code == 404
    assert stranger.json()["error"]["code"] == nobody.json()["error"]["code"] == "unknown_model"
    (out / "moments" / "03.safetensors").unlink()
    for lang in ("en", "zh"):
        gone = written(f"text/{job.link}@03", lang)
        assert (gone.status_code, gone.json()["error"]["code"]) == (404, "moment_gone")
        told = words.speaker(lang).plain("error.moment_gone", moment="03")
        assert gone.json()["error"]["message"] == told
    jobs.remove(job.id, "ann")
    taken_back = written(f"text/{job.link}@00").json()["error"]["code"]
    assert taken_back == "unknown_model"


async def test_the_engine_serves_what_is_unlisted_and_names_it_to_nobody():
    class Model:
        bytes = 1

        def predict(self, inputs: list[Any]) -> list[Any]:
            return [f"{one}!" for one in inputs]

    hidden = SimpleNamespace(key="text/hidden", loader="", bytes=1, max_batch=1)
    there = {hidden.key: hidden}
    engine = Engine(
        {}, Settings(device="cpu"), load=lambda *_: Model(), unlisted=lambda key: there.get(key)
    )
    assert await engine.predict("text/hidden", "hello") == "hello!"
    assert engine.status()["models"] == []
    told = engine.metrics.render().decode()
    assert "hidden" not in told and f'model="{UNLISTED}"' in told
    there.clear()  # taken back
    with pytest.raises(UnknownModel):
        await engine.predict("text/hidden", "hello")
    await engine.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_room_says_every_word(jobs, words, lang):
    from demos.text.train import RECIPE

    html = rendered(words.speaker(lang), jobs, RECIPE, "")
    assert 'name="minutes"' in html and 'max="30"' in html
    assert words.say(lang, "training.start") in html


@pytest.mark.parametrize(
    ("lang", "told"), [("en", "Design and settings"), ("zh", "结构与训练设置")]
)
def test_only_the_design_of_the_network_it_begins_as_is_named(words, lang, told):
    """Not "Shakespeare's recipe", of a visitor's own text."""
    from demos.training.room import spoken

    line = spoken(words.speaker(lang))["model"]
    assert told in line and line.count("{name}") == 1


def test_a_model_goes_home_and_comes_back(client, jobs, bench, words, tmp_path):
    job = started(client)
    early = client.get(f"/train/jobs/{job['id']}/model.zip?lang=zh")
    assert (early.status_code, early.json()["error"]["code"]) == (409, "job_not_done")
    assert early.json()["error"]["sentence"] == words.say("zh", "error.job_not_done")

    out = bench.until_ended(jobs, job["id"]).out
    tiny_writers.tiny(out)
    client.post(f"/train/jobs/{job['id']}/name", json={"name": "Letters 信"}, headers=ANN)
    taken = client.get(f"/train/jobs/{job['id']}/model.zip")
    assert taken.status_code == 200
    assert taken.headers["content-type"] == "application/zip"
    assert re.search(r'"text-\d{4}-\d\d-\d\d\.zip"', taken.headers["content-disposition"])
    assert client.head(f"/train/jobs/{job['id']}/model.zip").status_code == 200

    files = [("file", ("mine.zip", taken.content))]
    assert client.post("/train/models", files=files).status_code == 400, "nobody's"
    came = client.post("/train/models", files=files, headers=BOB).json()
    assert came.keys() == {"id", "key"} and came["id"] not in came["key"]
    seen = client.get(f"/train/jobs/{came['id']}", headers=BOB).json()["job"]
    assert (seen["state"], seen["mine"], seen["model"]) == ("done", True, came["key"])
    assert seen["name"] == "Letters 信"
    assert training.unlisted(jobs)(came["key"]) is not None
    assert client.get("/train/jobs", headers=ANN).json()["jobs"][0]["id"] == job["id"]


def test_its_owner_sends_a_model_to_the_hub(client, jobs, bench, words, hub):
    job = started(client)
    there, order = f"/train/jobs/{job['id']}", {"repository": "me/plays", "token": WRITER}
    assert not client.get(there, headers=ANN).json()["job"]["pushes"]
    early = client.post(f"{there}/push", json=order, headers=ANN)
    assert early.json()["error"]["code"] == "job_not_done"
    tiny_writers.tiny(bench.until_ended(jobs, job["id"]).out)
    assert client.get(there, headers=ANN).json()["job"]["pushes"]
    assert not client.get(there, headers=BOB).json()["job"]["pushes"]
    assert client.post(f"{there}/push", json=order, headers=BOB).status_code == 403
    wrong = order | {"token": "hf_nobodyHasThisToken"}
    refused = client.post(f"{there}/push?lang=zh", json=wrong, headers=ANN)
    assert refused.json()["error"] == {
        "code": "hub_token",
        "sentence": words.say("zh", "error.hub_token", name="me/plays"),
    }
    sent = client.post(f"{there}/push", json=order, headers=ANN)
    assert sent.json() == {"link": f"{hub.url}/me/plays"} and hub.repos["me/plays"].private
    jobs.limits = replace(jobs.limits, push=False)
    assert not client.get(there, headers=ANN).json()["job"]["pushes"]
    assert client.post(f"{there}/push", json=order, headers=ANN).status_code == 403


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_no_model_is_refused_in_words(client, jobs, words, lang):
    for name, sent_, code, status in (
        ("mine.zip", b"GIF89a", "zip_unreadable", 400),
        ("mine.txt", b"PK\x03\x04", "zip_unreadable", 400),
    ):
        files = [("file", (name, sent_))]
        answer = client.post(f"/train/models?lang={lang}", files=files, headers=ANN)
        told = answer.json()["error"]
        assert (answer.status_code, told["code"]) == (status, code)
        assert told["sentence"] == words.say(lang, f"error.{code}", name=name)
    nothing = client.post(f"/train/models?lang={lang}", data={"x": "y"}, headers=ANN)
    assert nothing.json()["error"]["code"] == "job_no_data"
    assert client.get("/train/jobs", headers=ANN).json() == {"jobs": []}
    assert not list(jobs.limits.folder.glob(".load.*"))


def test_a_second_model_waits_until_the_first_is_packed(client, jobs, bench, monkeypatch):
    job = started(client)
    tiny_writers.tiny(bench.until_ended(jobs, job["id"]).out)
    monkeypatch.setattr(sys.modules["demos.training.routes"], "TURN", 0.0)
    with packing._one_at_a_time:
        answer = client.get(f"/train/jobs/{job['id']}/model.zip")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "take_home_busy")


def test_a_text_is_counted_before_anything_begins(client):
    upload = client.post("/train/uploads", headers=ANN).json()["upload"]
    files = [("files", ("mine.txt", b"The kiln is warm. " * 300))]
    client.post(f"/train/uploads/{upload}", files=files, headers=ANN)
    asked = {"key": "text/shakespeare"}
    seen = client.post(f"/train/uploads/{upload}/preview", json=asked, headers=ANN).json()
    assert seen["learn"] > seen["aside"] > 0 and seen["told"] == []
    short = sent(client, "short.txt")
    refused = client.post(f"/train/uploads/{short}/preview", json=asked, headers=ANN)
    assert refused.status_code == 400 and "short.txt" in refused.json()["error"]["sentence"]
