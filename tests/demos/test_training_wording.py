"""Why data are refused, as a page says it: what to do there, and nothing of paths."""

from __future__ import annotations

import io
import re
import tomllib

import pytest
from PIL import Image

from demos.language import LANGUAGES, reasons
from demos.training import wording

ROWS = tomllib.loads(wording.FILE.read_text("utf-8"))["reason"]
READERS = {english for english, _ in tomllib.loads(reasons.FILE.read_text("utf-8"))["sentences"]}
OURS = re.compile(r"its pairs are in en and (fr|zh)")  # said by the preview of pairs
TYPED = {"en": r"\bname (?:it|one|the|that|what)\b|check the path|--", "zh": "路径|--"}
PICTURES, BOXES = "images/faces-diffusion", "detection/everyday"


def encoded() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (80, 80), "teal").save(made, "PNG")
    return made.getvalue()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["says"][:40])
def test_what_is_said_in_another_way_is_what_a_reader_says(row):
    assert row["says"] in READERS or OURS.fullmatch(row["says"])
    fields = set(reasons.FIELD.findall(row["says"]))
    for lang in LANGUAGES:
        assert set(reasons.FIELD.findall(row[lang])) <= fields
        assert not re.search(TYPED[lang], row[lang])


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    ("key", "file", "told"),
    [
        (PICTURES, ("a.txt", b"words"), {"en": "choose picture files", "zh": "请选择图片文件"}),
        (BOXES, ("a.png", encoded()), {"en": "add more pictures", "zh": "请再添加一些图片"}),
        ("text/shakespeare", ("a.txt", encoded()), {"en": "no text", "zh": "不是文字"}),
    ],
)
def test_a_page_says_what_to_do_on_the_page(trainer, lang, key, file, told):
    sentence = trainer.preview(trainer.gave(file), key, lang)["error"]["sentence"]
    assert file[0] in sentence and told[lang] in sentence
    assert not re.search(TYPED[lang], sentence)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_training_that_failed_for_its_data_says_it_so_too(trainer, lang):
    job = trainer.trained(trainer.gave(("a.txt", b"words")), PICTURES)
    reason = "it is neither a Parquet file nor a folder of pictures: check the path"
    error = {"code": "bad_data", "fields": {"path": "a.txt", "reason": reason}}
    trainer.jobs.store.change_record(job.id, state="failed", error=error)
    told = trainer.ask(f"jobs/{job.id}", lang, "GET")["job"]["error"]
    assert "a.txt" in told and not re.search(TYPED[lang], told)


def test_another_reason_stays_as_it_is():
    reason = "it is empty: give pairs"
    assert wording.on_page(reason, "zh", "translation") == reason
