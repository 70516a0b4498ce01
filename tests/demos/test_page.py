"""The frame: bars, figures from metrics.json, articles, and what a visitor sees of an error."""

from __future__ import annotations

import inspect
import json
import re
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from demos.language import DEMOS, Words
from demos.page import articles, errors, html, layout
from inference.errors import OutOfMemory
from pretrained.errors import HubOffline, Refusal, UnknownEntry


class Unheard(Refusal):
    code = "unheard_of"
    sentence = "Nobody has said this in Chinese."


def test_bars_escape_what_visitors_wrote() -> None:
    drawn = html.bars([("<script>alert(1)</script>", 0.5)], accent='red"onload="x')
    assert "<script" not in drawn and "&lt;script&gt;" in drawn
    assert '"onload=' not in drawn


@pytest.mark.parametrize(
    ("fraction", "shown", "width"),
    [
        (0.941, "94.1%", "94.10%"),
        (0.0001, "&lt;0.1%", "0.01%"),
        (0, "0.0%", "0.00%"),
        (1.2, "100.0%", "100.00%"),
    ],
)
def test_bars_say_tenths_of_a_percent(fraction: float, shown: str, width: str) -> None:
    drawn = html.bars([("cat", fraction)])
    assert f"<span>{shown}</span>" in drawn and f"width:{width}" in drawn


def test_notes_are_text_not_markup() -> None:
    assert "<b>" not in html.note("<b>bold</b>")


def test_a_figure_has_its_interval() -> None:
    measured = {"value": 0.9588, "low": 0.9547, "high": 0.9625}
    assert articles.figure("top1", measured) == "95.9% ± 0.4"
    assert articles.figure("top1", measured, interval=False) == "95.9%"
    assert articles.figure("nats_per_char", {"value": 1.3}) == "1.30"
    lopsided = {"value": 0.959, "low": 0.1, "high": 1.0}
    assert (
        articles.figure("precision", lopsided)
        == "95.9% (10.0\N{NO-BREAK SPACE}–\N{NO-BREAK SPACE}100.0)"
    )


@pytest.fixture
def checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    folder = tmp_path / "classification" / "checkpoints" / "tiny"
    folder.mkdir(parents=True)
    (folder / "metrics.json").write_text(
        json.dumps(
            {
                "results": [{"metrics": {"top1": {"value": 0.5, "low": 0.4, "high": 0.6}}}],
                "training": {"hardware": "two cores"},
            }
        )
    )
    monkeypatch.setattr(articles, "CHECKPOINTS", tmp_path)
    return "classification/tiny"


def test_articles_take_their_figures_from_metrics(checkpoint: str, words: Words) -> None:
    say = words.speaker("zh")
    assert articles.fill(f"metric:{checkpoint}:top1", say, {}) == "50.0% ± 10.0"
    assert articles.fill(f"metric:{checkpoint}:top1:value", say, {}) == "50.0%"
    assert articles.fill(f"training:{checkpoint}:hardware", say, {}) == "two cores"
    assert (
        articles.fill("figure:map", say, {"map": lambda say: f"<svg>{say.lang}</svg>"})
        == "<svg>zh</svg>"
    )
    assert articles.fill("metric:classification/none:top1", say, {}) == "—"


def test_an_article_lists_its_sections() -> None:
    text = articles.with_contents(
        "text", "## The question\n\nWhich?\n\n## The data\n\nThis.", "All"
    )
    assert re.findall(r"#(text-learn-\d)\">([\w ]+)<", text) == [
        ("text-learn-1", "The question"),
        ("text-learn-2", "The data"),
    ]
    assert re.findall('<section id="(.+?)">\n\n## (.+)', text) == [
        ("text-learn-1", "The question"),
        ("text-learn-2", "The data"),
    ]
    assert text.count("<section") == text.count("</section>") and 'aria-label="All"' in text


def test_an_article_lists_the_questions_below_it_last() -> None:
    text = articles.with_contents("text", "## The question\n\nWhich?", "All", "Five questions")
    assert re.findall(r"#(text-learn-\w+)\">([\w ]+)<", text) == [
        ("text-learn-1", "The question"),
        ("text-learn-questions", "Five questions"),
    ]


def test_each_exhibit_of_an_article_lists_its_own_sections() -> None:
    one, other = ('<div class="exhibit exhibit-one">', '<div class="exhibit exhibit-two">')
    text = articles.with_contents(
        "x", f"{one}\n\n## A\n\na\n\n</div>\n{other}\n\n## A\n\nb\n\n</div>", ""
    )
    first, second = text.split(other)
    assert re.findall("#(x-learn-.)", first) == ["x-learn-1"]
    assert re.findall("#(x-learn-.)", second) == ["x-learn-2"]


@pytest.mark.parametrize(
    "article", sorted(DEMOS.glob("*/learn.*.md")), ids=lambda p: f"{p.parent.name}/{p.name}"
)
def test_no_article_has_a_figure_that_nobody_measured(article: Path) -> None:
    """Every placeholder of every article finds its figure in a bundled model's metrics.json."""
    for placeholder in re.findall(r"\{\{(.+?)\}\}", article.read_text("utf-8")):
        if not placeholder.startswith("figure:"):
            assert articles.fill(placeholder.strip(), None, {}) != "—", placeholder  # type: ignore[arg-type]


def refuse() -> None:
    raise UnknownEntry(model="classification/<none>")


async def refuse_later() -> None:
    refuse()


def refuse_midway() -> Any:
    yield "something"
    refuse()


async def refuse_midway_later() -> Any:
    yield "something"
    refuse()


async def exhaust(fn: Any) -> list[Any]:
    """Call `fn` as Gradio would, whatever its kind."""
    if inspect.isasyncgenfunction(fn):
        return [value async for value in fn()]
    if inspect.isgeneratorfunction(fn):
        return list(fn())
    return [await fn()] if inspect.iscoroutinefunction(fn) else [fn()]


@pytest.mark.parametrize("fn", [refuse, refuse_later, refuse_midway, refuse_midway_later])
async def test_a_refusal_is_one_sentence(fn: Any, words: Words) -> None:
    guarded = errors.guard(words)(fn)
    assert inspect.isasyncgenfunction(guarded) == inspect.isasyncgenfunction(fn)
    with pytest.raises(gr.Error) as caught:
        await exhaust(guarded)
    assert caught.value.message == words.say(
        "en", "error.unknown_model", model="classification/&lt;none&gt;"
    )
    assert caught.value.print_exception is False


def test_a_refusal_is_in_the_visitors_language(words: Words) -> None:
    error = errors.shown(UnknownEntry(model="x"), words.speaker("zh"))
    assert "没有名为" in error.message and error.title == "未能完成"


def test_a_sentence_stands_under_a_heading_of_its_language(words: Words) -> None:
    error = errors.told("a < b", words.speaker("zh"))
    assert error.title == words.say("zh", "page.refused") and error.message == "a &lt; b"


def test_a_model_is_called_by_its_name_in_a_refusal(words: Words) -> None:
    offline = HubOffline(model="HuggingFaceTB/SmolLM2-135M-Instruct")
    for lang in ("en", "zh"):
        said = errors.sentence_of(offline, words.speaker(lang))
        assert "SmolLM2 135M Instruct" in said and "HuggingFaceTB" not in said
    full = OutOfMemory(model="text/tang")
    assert "剩余内存放不下唐诗网络：" in errors.sentence_of(full, words.speaker("zh"))
    assert "me/mine" in errors.sentence_of(HubOffline(model="me/mine"), words.speaker("en"))


def test_chinese_sentences_have_no_blank_between_them() -> None:
    assert html.sentences("zh", "一。", "", "二。") == "一。二。"
    assert html.sentences("en", "One.", "Two.") == "One. Two."


def test_a_bug_shows_an_id_and_nothing_else(words: Words, caplog: pytest.LogCaptureFixture) -> None:
    error = errors.shown(ZeroDivisionError("/secret/path"), words.speaker("en"))
    assert "/secret/path" not in error.message and "ZeroDivisionError" not in error.message
    logged = caplog.records[-1]
    assert logged.exc_info and logged.args and logged.args[0] in error.message


def test_a_refusal_without_words_still_says_its_english(words: Words) -> None:
    assert errors.shown(Unheard(), words.speaker("zh")).message == Unheard.sentence


def test_the_guard_leaves_the_signature_alone(words: Words) -> None:
    def fn(picture: str, request: gr.Request, top_k: int = 5) -> str:
        return picture

    guarded = errors.guard(words)(fn)
    assert inspect.signature(guarded) == inspect.signature(fn)
    assert guarded("cat", None) == "cat"


def test_a_page_has_four_rooms_with_known_names(words: Words) -> None:
    with gr.Blocks() as page, layout.tab("home", words):
        for name in layout.ROOMS:
            with layout.room(name):
                html.facts(words, [("95.9%", "metric.top1")])
        with pytest.raises(ValueError, match="no room called"), layout.room("kitchen"):
            pass
    rooms = [block.id for block in page.blocks.values() if isinstance(block, gr.Tab)]
    assert rooms == list(layout.ROOMS)
