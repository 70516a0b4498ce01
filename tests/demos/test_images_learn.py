"""Learn and Train of Generate images: figures from the cards, complete words, commands that run."""

from __future__ import annotations

import json
import re
import shlex
from html import unescape
from typing import Any

import pytest
from PIL import Image
from served import WORDS, laid_out

from demos import page
from demos.images import train
from demos.images.answers import DIFFUSION, GAN
from demos.images.inside import replay
from demos.images.learn import figures, points_gan
from demos.language import DEMOS, LANGUAGES
from demos.page import articles

MADE = {
    "wall_seconds": 5400.0,
    "updates": 4200,
    "passes": 10.77,
    "hardware": "two <cores>",
    "pictures": 12483,
}

#: What Learn must lead to.
SOURCES = (
    *("1406.2661", "1511.06434", "carpedm20", "awjuliani", "BzRgipHRzOE", "1912.04958"),
    *("2006.11239", "2010.02502", "2112.10752", "2310.04378", "1908.04913"),
)


def measured(ratio: float, target: float | None = None) -> dict[str, Any]:
    values = {"fd_ratio": ratio, "precision": 0.61, "recall": 0.25}
    spread = {"fd_ratio": 0.5, "precision": 0.02, "recall": 0.02}
    return {
        "split": "faces/validation",
        "n": 1000,
        "metrics": {
            name: {"value": value, "low": value - spread[name], "high": value + spread[name]}
            for name, value in values.items()
        },
        "target": {"fd_ratio": target} if target else {},
    }


@pytest.fixture
def cards(monkeypatch) -> dict[str, Any]:
    found = {
        GAN: {"results": [measured(7.5, 6.0)], "training": MADE},
        DIFFUSION: {"results": [measured(3.25, 4.0)], "training": {**MADE, "passes": 2.0}},
    }
    for reader in (page, articles):
        monkeypatch.setattr(reader, "read_metrics", lambda key: found.get(key, {}))
    return found


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The generator's checkpoint folder, with nothing in it yet."""
    monkeypatch.setattr(figures.catalog, "folder_of", lambda key: tmp_path)
    figures.cut.cache_clear()
    return tmp_path


def text(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def rows_of(html: str) -> list[list[str]]:
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in html.split("<tr>")[1:]]
    return [[text(cell) for cell in row] for row in cells]


# ---- figures -------------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_both_networks_stand_in_one_table_with_what_was_measured(cards, lang: str) -> None:
    say = WORDS.speaker(lang)
    html = figures.scores(say)
    heads, gan, diffusion = rows_of(html)
    assert len(heads) == 6
    assert gan[1:5] == ["7.50 ± 0.50", "61.0% ± 2.0", "25.0% ± 2.0", "1"]
    assert diffusion[1] == "3.25 ± 0.50" and diffusion[4] == "20"
    told = text(html)
    split = {"en": "faces/validation", "zh": "faces 验证集"}[lang]
    assert "1,000" in told and split in told
    missed, met = say("results.missed"), say("results.met")
    assert told.index(missed) < told.index(met)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_before_anything_is_measured_there_are_dashes(cards, lang: str) -> None:
    cards.clear()
    say = WORDS.speaker(lang)
    for row in rows_of(figures.scores(say))[1:]:
        assert row[1:4] == ["—"] * 3
    assert say("images.fact.none") in figures.scores(say)
    assert all(row[1:] == ["—"] * 4 for row in rows_of(figures.trained(say))[1:])
    told = train.commands.took(say)
    assert text(told) == "" and told, "Gradio would show the name of an empty text"


@pytest.mark.parametrize("lang", LANGUAGES)
def test_how_long_each_learnt_comes_from_its_card(cards, lang: str) -> None:
    say = WORDS.speaker(lang)
    html = figures.trained(say)
    _, gan, diffusion = rows_of(html)
    assert gan[1:] == ["90", "4,200", "10.8", "two <cores>"]
    assert diffusion[3] == "2.0"
    assert "<cores>" not in html
    assert begun(say, "gan") not in html
    more = {
        "started_from": "images/faces-gan",
        "wall_seconds_in_all": 9_000,
        "updates_in_all": 7_000,
    }
    cards[GAN] = {"training": MADE | more}
    cards[DIFFUSION] = {"training": MADE | {"started_from": "random weights"}}
    html = figures.trained(say)
    assert begun(say, "gan") in html and begun(say, "diffusion") not in html
    took = train.commands.took(say)
    assert "90" in took and "4,200" in took and "two &lt;cores&gt;" in took


def begun(say, name: str) -> str:
    """That a network went on from an earlier training."""
    who = unescape(say(f"images.fact.{name}"))
    return say("images.chart.began", name=who, minutes="150", updates="7,000")


def strip(folder, moments: int) -> None:
    """A replay whose moments have a grey of their own."""
    side = replay.SIDE
    sheet = Image.new("RGB", (side, side * moments))
    for place in range(moments):
        sheet.paste((20 * place,) * 3, (0, place * side, side, (place + 1) * side))
    sheet.save(folder / replay.STRIP, lossless=True)
    rows = [{"step": 100 * place} for place in range(moments)]
    (folder / replay.MOMENTS).write_text(json.dumps(rows))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_four_moments_of_the_training_are_shown_the_first_and_the_last_among_them(
    folder, lang: str
) -> None:
    import base64
    import io

    say = WORDS.speaker(lang)
    assert say("images.chart.no_moments") in figures.moments(say)
    strip(folder, 10)
    html = figures.moments(say)
    assert re.findall(r"[\d,]+", text(html))[:4] == ["0", "300", "600", "900"]
    assert len(re.findall(r'alt="[^"]+"', html)) == figures.SHOWN
    for grey, data in zip((0, 60, 120, 180), re.findall(r"base64,([^\"]+)", html), strict=True):
        with Image.open(io.BytesIO(base64.b64decode(data))) as picture:
            assert picture.size == (replay.SIDE, replay.SIDE)
            seen = picture.convert("RGB").getpixel((100, 100))
            assert all(abs(value - grey) < 6 for value in seen)


def test_a_short_training_shows_what_it_has(folder) -> None:
    strip(folder, 2)
    assert figures.moments(WORDS.speaker("en")).count("<img") == 2


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_tug_of_war_is_the_whole_history(folder, lang: str) -> None:
    say = WORDS.speaker(lang)
    assert say("images.chart.no_tug") in figures.tug(say)
    rows = [
        {"step": 100 * n, "discriminator_loss": 0.7, "generator_loss": 0.7 + n / 10,
         "told_apart": 0.6}
        for n in range(1, 31)
    ]  # fmt: skip
    (folder / "history.jsonl").write_text("\n".join(map(json.dumps, rows)))
    html = figures.tug(say)
    lines = dict(
        re.findall(r'<path class="(discriminator|generator|share)" d="M([^"]*L[^"]*)"', html)
    )
    assert {name: line.count("L") for name, line in lines.items()} == {
        "discriminator": 29, "generator": 29, "share": 29,
    }  # fmt: skip
    first, *_, last = (float(point.split()[1]) for point in lines["generator"].split("L"))
    assert last < first, "a loss that grows goes up"
    assert "3,000" in html and "\n" not in html


# ---- the articles --------------------------------------------------------------------------------


def article(lang: str) -> str:
    return (DEMOS / "images" / f"learn.{lang}.md").read_text("utf-8")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_learn_shows_every_figure_and_no_other(lang: str) -> None:
    placed = re.findall(r"\{\{figure:(\w+)\}\}", article(lang))
    assert sorted(placed) == sorted(figures.figures())
    assert re.findall("^## ", article(lang), re.M) == ["## "] * 7


def test_both_languages_name_the_same_sources() -> None:
    english, chinese = (
        set(re.findall(r"\]\((https?://[^)]+)\)", article(lang))) for lang in LANGUAGES
    )
    assert english == chinese
    for source in SOURCES:
        assert any(source in link for link in english), source


# ---- the points ----------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", LANGUAGES)
def test_everything_that_the_script_says_is_there(lang: str) -> None:
    html = points_gan.duel(WORDS.speaker(lang))
    spoken = json.loads(unescape(re.search(r'data-words="([^"]+)"', html)[1]))  # type: ignore[index]
    assert set(spoken) == set(points_gan.SPOKEN)
    assert "{n}" in spoken["discriminator"] and "{n}" in spoken["generator"]
    assert "{rounds}" in spoken["stopped"] and "{reached}" in spoken["stopped"]
    script = (DEMOS / "images/learn/points.js").read_text("utf-8")
    used = set(re.findall(r"words\.(\w+)", script)) | {"discriminator", "generator"}
    assert used == set(spoken)
    for name in re.findall(r'show\("(\w+)"\)', script):
        assert f'data-show="{name}"' in html, name


# ---- Train ---------------------------------------------------------------------------------------


def built(lang: str) -> str:
    """The Train room as one piece of HTML."""
    return laid_out(lambda words: train.build(words), lang)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_train_offers_only_what_the_command_line_takes(lang: str) -> None:
    from typer.testing import CliRunner

    from pretrained.__main__ import app
    from pretrained.images.hub.entries import PIPELINES
    from pretrained.images.train import RECIPES

    lines = [unescape(line) for line in re.findall(r'data-copy="([^"]+)"', built(lang))]
    assert len(lines) == 6
    wide = {"COLUMNS": "200"}
    for line in lines:
        _, *given = shlex.split(line)
        if given[0] == "-m":
            _, module, command, key, *given = given
            assert module == "pretrained"
            told = CliRunner().invoke(app, [command, "--help"], env=wide).output
            assert all(option in told for option in given if option.startswith("--")), line
            assert key in RECIPES or (command == "train" and PIPELINES[key].learns)
        else:
            assert given == ["app.py", "--model", "my_model"]
