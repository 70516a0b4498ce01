"""Learn and Train of Detect objects: figures from the cards, complete words, commands that run."""

from __future__ import annotations

import json
import re
import shlex
from html import unescape
from typing import Any

import gradio as gr
import pytest
from served import WORDS

from demos import page
from demos.detection import learn, train
from demos.detection.answers import EVERYDAY, RCNN
from demos.detection.learn import architectures, curves
from demos.detection.train.commands import LABELS, TODAY, took
from demos.language import DEMOS, LANGUAGES, Words
from demos.page import articles

MADE = {"wall_seconds": 4500.0, "pictures": 1921, "hardware": "two <cores>"}

#: What Learn must lead to.
SOURCES = (
    *("1311.2524", "1504.08083", "1506.01497", "1703.06870", "2005.12872", "1405.0312"),
    *("2012.07177", "1612.03144", "1708.02750", "2304.08069"),
)
#: Where nothing is measured.
DASHES = {"—"}


def measured(people: float, **more: Any) -> dict[str, Any]:
    def at(value: float) -> dict[str, float]:
        return {"value": value, "low": value - 0.05, "high": value + 0.05, "n": 248}

    names = ("person_box_ap50", "person_mask_ap50", "catdog_box_ap50", "box_ap50", "mask_ap50")
    return {
        "split": "detection/validation",
        "n": 197,
        "metrics": {name: at(people + n / 100) for n, name in enumerate(names)},
        **more,
    }


@pytest.fixture
def cards(monkeypatch) -> dict[str, Any]:
    old = measured(0.1)
    old["metrics"] = {name: row for name, row in old["metrics"].items() if "mask" not in name}
    found = {
        EVERYDAY: {
            "results": [
                measured(
                    0.62,
                    target={"person_box_ap50": 0.6, "person_mask_ap50": 0.7},
                    per_class={
                        "person": {"box_ap50": 0.62, "mask_ap50": 0.58, "n": 248},
                        "gizmo": {"box_ap50": 0.3, "n": 11},
                    },
                    per_source={
                        "oxford-pets": {"pictures": 50, "catdog_box_ap50": 0.81},
                        "coco": {
                            "pictures": 50,
                            "person_box_ap50": 0.5,
                            "person_mask_ap50": 0.45,
                            "catdog_box_ap50": 0.7,
                        },
                    },
                )
            ],
            "training": MADE,
        },
        RCNN: {"results": [old]},
    }
    for reader in (page, articles):
        monkeypatch.setattr(reader, "read_metrics", lambda key: found.get(key, {}))
    return found


def text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def rows_of(html: str) -> list[list[str]]:
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in html.split("<tr>")[1:]]
    return [[text(cell) for cell in row] for row in cells]


# ---- figures from the cards ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "metric", ["box_ap50", "person_box_ap50", "person_mask_ap50", "catdog_box_ap50", "box_ap"]
)
def test_average_precision_is_told_in_percent_whatever_it_is_of(metric: str) -> None:
    assert articles.figure(metric, {"value": 0.614, "low": 0.6, "high": 0.63}) == "61.4% ± 1.5"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_ours_and_the_way_of_2014_stand_in_one_table_with_what_was_measured(
    cards, lang: str
) -> None:
    say = WORDS.speaker(lang)
    html = learn.scores(say)
    heads, people, pixels, *_, masks = rows_of(html)
    assert len(heads) == 5
    assert people[1:3] == ["62.0% ± 5.0", "10.0% ± 5.0"] and people[4] == "248"
    assert say("results.met") in people[3] and say("results.missed") in pixels[3]
    assert pixels[2] == masks[2] == "—", "the old way draws no masks"
    split = {"en": "detection/validation", "zh": "detection 验证集"}[lang]
    assert "197" in text(html) and split in text(html)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_each_kind_has_its_figures_and_its_name(cards, lang: str) -> None:
    say = WORDS.speaker(lang)
    _, person, gizmo = rows_of(learn.classes(say))
    assert person == [{"en": "person", "zh": "人"}[lang], "62.0%", "58.0%", "248"]
    assert gizmo == ["gizmo", "30.0%", "—", "11"]
    assert ('lang="en">gizmo' in learn.classes(say)) == (lang == "zh")


def test_each_collection_has_its_figures_and_a_dash_where_it_has_no_such_thing(cards) -> None:
    _, coco, clothing, pets, _ = rows_of(learn.by_source(WORDS.speaker("en")))
    assert coco[1:] == ["50.0%", "45.0%", "70.0%", "50"]
    assert pets[1:] == ["—", "—", "81.0%", "50"]
    assert set(clothing[1:]) == DASHES


@pytest.mark.parametrize("lang", LANGUAGES)
def test_before_anything_is_measured_there_are_dashes(cards, lang: str, tmp_path, monkeypatch):
    cards.clear()
    monkeypatch.setattr(curves.catalog, "folder_of", lambda key: tmp_path)
    say = WORDS.speaker(lang)
    for row in rows_of(learn.scores(say))[1:]:
        assert set(row[1:]) == DASHES
    assert say("detection.chart.none") in learn.scores(say)
    assert say("detection.chart.no_classes") in learn.classes(say)
    assert say("detection.chart.no_learning") in curves.learning(say)
    told = took(say)
    assert text(told) == "" and told, "Gradio would show the name of an empty text"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_how_long_ours_learnt_comes_from_its_card(cards, lang: str) -> None:
    told = took(WORDS.speaker(lang))
    assert "75" in told and "1,921" in told and "two &lt;cores&gt;" in told


def test_the_collections_add_up() -> None:
    *_, together = rows_of(learn.sources(WORDS.speaker("en")))
    assert together[1:] == ["3,833", "10,545", "7,065"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_todays_are_those_of_the_catalogue_with_what_their_authors_tell(lang: str) -> None:
    say = WORDS.speaker(lang)
    _, *rows = rows_of(learn.today(say))
    assert len(rows) == len(learn.DETECTOR_ENTRIES)
    for row, entry in zip(rows, learn.DETECTOR_ENTRIES, strict=True):
        assert row[0] == say.model(entry), "as Try calls it"
        assert row[1] == f"{entry.parameters:,}"
        assert row[3] == f"{dict(entry.published)['box_ap']:.1%}"
        assert (row[4] == "—") == (not entry.masks)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_training_is_drawn_from_its_history(tmp_path, monkeypatch, lang: str) -> None:
    monkeypatch.setattr(curves.catalog, "folder_of", lambda key: tmp_path)
    rows = [
        {
            "step": 300 * n,
            "held_out_person_box_ap50": n / 10,
            "held_out_box_ap50": n / 20,
            **({"held_out_person_mask_ap50": 0.5} if n == 1 else {}),
        }
        for n in range(1, 6)
    ]
    (tmp_path / "history.jsonl").write_text("\n".join(map(json.dumps, rows)))
    html = curves.learning(WORDS.speaker(lang))
    lines = dict(re.findall(r'<path class="line (\w+)" d="(M[^"]*L[^"]*)"', html))
    assert set(lines) == {"person_box", "every"}, "one row is no line"
    places = [
        tuple(map(float, point.split())) for point in lines["person_box"].lstrip("M").split("L")
    ]
    assert len(places) == 5 and places[-1][0] == curves.across(1)
    assert places[-1][1] == pytest.approx(curves.down(0.5), abs=0.1)
    assert "1,500" in html and "10%" in html and "50%" in html and "\n" not in html


# ---- the drawings --------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_five_architectures_each_with_what_it_brought(lang: str) -> None:
    html = architectures.drawn(WORDS.speaker(lang))
    assert [one.title for one in architectures.ARCHITECTURES] == [
        "R-CNN", "Fast R-CNN", "Faster R-CNN", "Mask R-CNN", "DETR",
    ]  # fmt: skip
    assert [one.year for one in architectures.ARCHITECTURES] == sorted(
        one.year for one in architectures.ARCHITECTURES
    )
    for one in architectures.ARCHITECTURES:
        assert one.new and one.new <= set(one.stations) <= set(architectures.DRAWN)
    assert html.count("<svg") == sum(len(one.stations) for one in architectures.ARCHITECTURES)
    assert html.count("<svg") == html.count('aria-hidden="true"'), "words say what is drawn"
    assert "\n" not in html


@pytest.mark.parametrize("share", curves.OVERLAPS)
def test_two_boxes_overlap_by_what_is_written_under_them(share: float) -> None:
    rects = re.findall(r'class="(\w+)" x="([\d.]+)" y="6" width="([\d.]+)"', curves.pair(share))
    drawn = {name: (float(x), float(x) + float(wide)) for name, x, wide in rects}
    true, guess, shared = (drawn[name] for name in ("true", "guess", "shared"))
    both = min(true[1], guess[1]) - max(true[0], guess[0])
    whole = max(true[1], guess[1]) - min(true[0], guess[0])
    assert both / whole == pytest.approx(share, abs=0.01)
    assert shared == pytest.approx((max(true[0], guess[0]), min(true[1], guess[1])), abs=0.2)


def test_the_examples_area_is_that_of_its_list() -> None:
    # Five objects; found at the places 1, 2, 4 and 6 of the list.
    expected = (1 / 1 + 2 / 2 + 3 / 4 + 4 / 6) / 5
    assert curves.area(curves.walked(curves.RIGHT, curves.OBJECTS)) == pytest.approx(expected)
    assert f"{expected:.0%}" in curves.precision(WORDS.speaker("en"))


def test_the_examples_area_is_what_the_score_says_of_such_boxes() -> None:
    from pretrained.detection.data import Scene, Thing
    from pretrained.detection.scoring import Scores

    places = [(20.0 * n, 0.0, 20.0 * n + 10, 10.0) for n in range(curves.OBJECTS)]
    scene = Scene(b"", 200, 50, tuple(Thing("dog", place) for place in places), "own", "here")
    left = iter(places)
    found = [
        {
            "label": "dog",
            "score": 1 - rank / 10,
            "box": next(left) if right else (20.0 * rank, 30.0, 20.0 * rank + 10, 40.0),
            "mask": None,
        }
        for rank, right in enumerate(curves.RIGHT)
    ]
    own = curves.area(curves.walked(curves.RIGHT, curves.OBJECTS))
    # COCO reads the curve at 101 recalls.
    assert Scores([scene], [found]).ap50("box", ["dog"]) == pytest.approx(own, abs=0.01)


# ---- the articles --------------------------------------------------------------------------------


def article(lang: str) -> str:
    return (DEMOS / "detection" / f"learn.{lang}.md").read_text("utf-8")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_learn_shows_every_figure_and_no_other(lang: str) -> None:
    placed = re.findall(r"\{\{figure:(\w+)\}\}", article(lang))
    assert sorted(placed) == sorted(learn.figures())
    assert re.findall("^## ", article(lang), re.M) == ["## "] * 8


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_figure_is_one_line_of_markup(cards, lang: str) -> None:
    say = WORDS.speaker(lang)
    for name, draw in learn.figures().items():
        html = draw(say)
        assert html and "\n" not in html, name
        assert all(label for label in re.findall(r'aria-label="([^"]*)"', html)), name


def test_both_languages_name_the_same_sources() -> None:
    english, chinese = (
        set(re.findall(r"\]\((https?://[^)]+)\)", article(lang))) for lang in LANGUAGES
    )
    assert english == chinese
    for source in SOURCES:
        assert any(source in link for link in english), source


def test_learn_tells_the_network_as_it_is() -> None:
    """Numbers of the architecture that the text names."""
    model = pytest.importorskip("pretrained.detection.model")
    from pretrained.detection.train import RECIPES

    made = RECIPES[EVERYDAY].architecture
    sides = [side for level in made["anchors"] for side in level]
    each = len(made["anchors"][0]) * len(made["ratios"])
    cells = sum((256 // stride) ** 2 for stride in model.LEVELS.values())
    assert (min(sides), max(sides), each) == (12, 300, 9)
    for told in (f"{cells * each:,}", str(made["channels"]), str(made["hidden"]), "28 × 28"):
        assert all(told in article(lang) for lang in LANGUAGES), told
    assert (model.PROPOSALS, model.LOOKED_AT) == (1000, 300)
    assert model.suppression.SAME == 0.5


# ---- Train ---------------------------------------------------------------------------------------


def built(lang: str) -> str:
    """The Train room as one piece of HTML."""
    words = Words()
    with gr.Blocks() as page:
        train.build(words)
    keys = [str(block.value) for block in page.blocks.values() if isinstance(block, gr.HTML)]
    tables = {k: v for k, v in words.tables[lang].items() if k.startswith("markup.")}
    return "".join(html for key, html in tables.items() if any(key in k for k in keys))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_train_offers_only_what_the_command_line_takes(lang: str) -> None:
    from typer.testing import CliRunner

    from pretrained import catalog
    from pretrained.__main__ import app
    from pretrained.detection.hub.entries import DETECTORS

    html = built(lang)
    lines = [unescape(line) for line in re.findall(r'data-copy="([^"]+)"', html)]
    assert len(lines) == 5
    for line in lines:
        _, *given = shlex.split(line)
        if given[0] == "-m":
            _, module, command, key, *given = given
            assert module == "pretrained"
            told = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output
            assert all(option in told for option in given if option.startswith("--")), line
            if command in ("train", "evaluate"):
                assert key == EVERYDAY or not DETECTORS[key].masks
        else:
            assert given == ["app.py", "--model", "my_model"]
    named = set(re.findall(r"detection/[\w-]+", html)) - {"detection/my_model"}
    assert named <= {EVERYDAY, *DETECTORS}
    assert not any(DETECTORS[key].masks for key in named - {EVERYDAY})
    assert TODAY in catalog.entries()


def test_the_labels_that_train_shows_are_read(tmp_path) -> None:
    data = pytest.importorskip("pretrained.detection.data")
    from PIL import Image

    (tmp_path / "annotations.json").write_text(LABELS)
    (tmp_path / "images").mkdir()
    Image.new("RGB", (640, 480)).save(tmp_path / "images" / "0001.jpg")
    [scene] = data.read(tmp_path).scenes
    [thing] = scene.things
    assert thing.label == "hedgehog" and thing.box == (210, 155, 390, 275)
    assert thing.mask is not None and not thing.crowd
    assert scene.pixels().shape == (480, 640, 3)
