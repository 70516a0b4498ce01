"""Fool it: what the fold holds, and where there is none."""

from __future__ import annotations

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import gradio as gr
import pytest
from served import WORDS

from demos import classification, detection, fool
from demos.classification.tryout import FOOLED as CLASSIFY
from demos.detection.tryout import FOOLED as DETECT
from demos.language import LANGUAGES, Words
from inference import Engine, Settings
from pretrained import catalog


def told(html: str) -> dict:
    found = re.search(r'data-told="([^"]*)"', html)
    assert found
    return json.loads(unescape(found[1]))


@pytest.mark.parametrize(
    ("fooled", "key", "label", "called"),
    [
        (CLASSIFY, "classification/imagenet", "toaster", {"en": "toaster", "zh": "烤面包机"}),
        (DETECT, "detection/everyday", "person", {"en": "person", "zh": "人"}),
    ],
)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_fold_knows_what_labels_are_called(fooled, key, label, called, lang) -> None:
    html = fool.controls(WORDS.speaker(lang), catalog.find(key), fooled)
    assert told(html)["names"][label] == called[lang] and told(html)["model"] == key
    for field in re.findall(r"<label>(.*?)</label>", html, re.S):
        assert re.match(r"[^<]+<", field) and 'data-set="' in field  # each control has its label


def folds(build, **settings: Any) -> list[str]:
    with gr.Blocks() as page:
        build(Engine(catalog.entries(), Settings(**settings)), Words())
    return [b.elem_id for b in page.blocks.values() if str(b.elem_id).endswith("-fool")]


def test_there_is_a_fold_only_where_the_page_may_ask() -> None:
    assert folds(classification.build) == ["classification-fool"]
    assert folds(detection.build) == ["detection-fool"]
    assert folds(classification.build, api=False) == []
    assert folds(classification.build, api_key="a-long-secret") == []


def test_the_printed_patch_is_there() -> None:
    assert (Path(fool.__file__).parent / "printed_patch.png").stat().st_size < 30_000
