"""The guided tour points at what the page has, and says so in both languages."""

from __future__ import annotations

import re

import gradio as gr
import pytest

import app
from demos import tour
from demos.language import DEMOS, Words
from demos.page.layout import ROOMS
from inference import Engine, Settings
from pretrained import catalog

TABS = ("classification", "detection", "text", "translation", "images")
STEPS = [(tab, n, step) for tab, own in tour.steps().items() for n, step in enumerate(own, 1)]
SELECTORS = ("target", "used", "answer", "first", "live")


@pytest.fixture(scope="module")
def page() -> gr.Blocks:
    return app.build(Engine(catalog.entries(), Settings()), Words())


def sources(tab: str) -> str:
    """All that makes HTML of a tab, and of what the tabs share."""
    folders = (tab, "handwriting") if tab == "text" else (tab,)
    files = [*DEMOS.glob("*.py"), *(f for one in folders for f in (DEMOS / one).rglob("*.py"))]
    return "".join(file.read_text("utf-8") for file in files)


def places(page: gr.Blocks, name: str) -> list[str | int | None]:
    """The tabs and rooms that the block with this ``elem_id`` stands in, the innermost first."""
    block = next((one for one in page.blocks.values() if one.elem_id == name), None)
    assert block is not None, f"nothing on the page is called #{name}"
    found: list[str | int | None] = [block.id] if isinstance(block, gr.Tab) else []
    while block is not None:
        block = block.parent
        found += [block.id] if isinstance(block, gr.Tab) else []
    return found


def test_every_tab_that_teaches_has_a_short_tour() -> None:
    assert tuple(tour.steps()) == TABS
    assert all(1 <= len(own) <= 5 for own in tour.steps().values())
    assert all(step["room"] in ROOMS for _, _, step in STEPS)


@pytest.mark.parametrize(("tab", "number", "step"), STEPS)
def test_a_step_points_at_what_stands_in_its_room(
    page: gr.Blocks, tab: str, number: int, step: dict[str, str]
) -> None:
    own = sources(tab)
    classes = {name for block in page.blocks.values() for name in block.elem_classes or ()}
    for selector in (one for name in SELECTORS for one in step[name].split(",") if one):
        known = re.match(r"\s*#([\w-]+)", selector)
        assert known, f"{selector} begins with no id"
        assert [tab, step["room"]] in (places(page, known[1])[::-1], [known[1], step["room"]])
        assert set(re.findall(r"\.room-(\w+)", selector)) <= {step["room"]}
        for name in re.findall(r"\.([\w-]+)", selector):
            assert name in classes or re.search(rf'class="[^"]*\b{name}\b', own), selector
        for name, value in re.findall(r"\[(data-[\w-]+)(?:=([\w-]+))?\]", selector):
            assert name in own, f"{selector}: nothing of the tab has {name}"
            assert not value or f'"{value}"' in own, f"{selector}: nothing says {value}"


@pytest.mark.parametrize("tab", TABS)
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_step_is_told_in_both_languages(tab: str, lang: str) -> None:
    words = Words()
    html = tour.panel(tab, words.speaker(lang))
    told = [f"{number}.{part}" for number in range(1, 6) for part in ("title", "text")]
    assert sorted(words.table(lang, f"tour.{tab}")) == sorted(told[: 2 * len(tour.steps()[tab])])
    assert html.count("<li ") == len(tour.steps()[tab]) and "{" not in re.sub(
        "{number}|{count}", "", html
    )
    if lang == "zh":
        assert all(re.search("[一-鿿]", text) for text in re.findall("<b>(.*?)</b>", html))
