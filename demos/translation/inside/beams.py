"""How the translation was searched for: the few best beginnings kept at every step, as a tree.

A tree is a list of branches as the served model tells them: ``parent`` (the number of another, -1
at the root), ``token``, ``probability``, ``total`` (logarithms added up), ``fate``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import exp, log
from typing import Any

from demos import page
from demos.language import Say
from demos.page import percent
from demos.translation.answers import TAGS
from demos.translation.inside import pointing
from demos.translation.inside.pointing import Mark, clipped, width
from demos.translation.tokens import END, HAN, cut, first_word

#: The drawing in pixels: a step, a row, the place of a word in both, margins.
STEP, ROW, WIDE, HIGH, EDGE = 116, 34, 88, 26, 10
LONGEST, LETTER = 10, 8.5  # letters that fit into a branch, the width of one
STEM = 24  # letters of a forced beginning that are drawn, its last ones
LEAST = 1e-9  # a probability that is still told
ROWS = 10  # branches of one step that are drawn, though never fewer than were kept
TINY = 1e-300  # that logarithms take


def drawn(say: Say, sentence: Mapping[str, Any], target: str) -> str:
    """The step of the room: the tree, and the translations that were finished, best first."""
    tree = sentence.get("tree") or []
    if not tree:
        return ""
    body = pointing.figure(say, "beams", picture(say, sentence, target), marks(say, sentence))
    above = legend(say, stem(tree) >= 0)
    return page.section(
        say, "translation.inside.beams", above + body + finished(say, sentence, target)
    )


def legend(say: Say, forced: bool) -> str:
    """What each kind of branch means. ``forced``: whether there is a beginning to tell of."""
    cells = "".join(
        f'<span><i class="{fate}" aria-hidden="true"></i>'
        f"{say(f'translation.inside.beams.{fate}')}</span>"
        for fate in ("forced",) * forced + ("best", "kept", "dropped")
    )
    return f'<p class="legend-row">{cells}</p>'


def marks(say: Say, sentence: Mapping[str, Any]) -> list[Mark]:
    """What is told of each branch that is drawn."""
    tree, shown = sentence["tree"], placed(sentence["tree"])
    forced = stem(tree)
    at = {one.number: n for n, one in enumerate(shown)}
    by_place = {(one.step, one.rank): n for n, one in enumerate(shown)}
    found = []
    for one in shown:
        node = tree[one.number]
        go = {
            key: by_place[one.step, one.rank + by]
            for key, by in (("ArrowDown", 1), ("ArrowUp", -1))
            if (one.step, one.rank + by) in by_place
        }
        if node["parent"] in at:
            go["ArrowLeft"] = at[node["parent"]]
        below = [m for m, other in enumerate(shown) if tree[other.number]["parent"] == one.number]
        if below:
            go["ArrowRight"] = below[0]
        key = "said_end" if node["token"] == END else "said"
        text, word = written(tree, one.number), node["token"].strip()
        said = say.plain(f"translation.inside.beams.{key}", text=text, word=word)
        kind = "forced" if one.number == forced else node["fate"]
        fate = say.plain(f"translation.inside.beams.told_{kind}")
        facts = [
            ("here", percent(node["probability"])),
            ("whole", tiny(exp(node["total"]))),
            ("rank", f"{one.rank + 1}"),
        ]
        if kind == "forced":
            facts = [("probability", facts[1][1])]
        told = [(say.plain(f"translation.inside.beams.{k}"), v) for k, v in facts]
        said = f"{said} {fate}" if say.lang != "zh" else said + fate
        found.append(Mark(said, told, [one.number], at.get(node["parent"], -1), go))
    return found


def tiny(share: float) -> str:
    """A probability that may be very small: "1/1,200,000" says more than "0.000083%"."""
    if share >= 0.0005:
        return percent(share)
    return f"1/{float(f'{1 / share:.2g}'):,.0f}" if share > LEAST else f"<1/{1 / LEAST:,.0f}"


def picture(say: Say, sentence: Mapping[str, Any], target: str) -> str:
    """A column for each step, its likeliest beginning on top; lines from each to what followed.
    What was forced stands before them."""
    tree, shown = sentence["tree"], placed(sentence["tree"])
    where, forced = {one.number: one for one in shown}, stem(tree)
    best = set(winner(sentence))
    first = WIDE  # of the first column
    if forced >= 0:
        beginning = ending(written(tree, forced), STEM)
        first = max(WIDE, round(24 + LETTER * width(beginning)))

    def left(step: int) -> int:
        return EDGE + STEP * step + (first - WIDE if step else 0)

    def right(step: int) -> int:
        return left(step) + (WIDE if step else first)

    last = max(one.step for one in shown)
    size = right(last) + EDGE, EDGE * 2 + ROW * max(one.rank for one in shown) + HIGH
    edges, boxes = [], []
    for n, one in enumerate(shown):
        node = tree[one.number]
        x, y, wide = left(one.step), EDGE + ROW * one.rank, right(one.step) - left(one.step)
        fate = "best" if one.number in best else node["fate"]
        parent = where.get(node["parent"])
        if parent:
            x0, y0 = right(parent.step), EDGE + ROW * parent.rank + HIGH / 2
            edges.append(
                f'<path class="{fate}" data-piece="{one.number}" d="M{x0} {y0:.0f}'
                f'C{x0 + 16} {y0:.0f} {x - 16} {y + HIGH / 2:.0f} {x} {y + HIGH / 2:.0f}"/>'
            )
        word = say("translation.inside.beams.end") if node["token"] == END else ""
        word = word or clipped(node["token"].strip() or "␣", LONGEST)
        if one.number == forced:
            fate, word = "forced", escape(beginning)
        boxes.append(
            f'<g class="{fate}" data-i="{n}" data-piece="{one.number}"><rect x="{x}" y="{y}" '
            f'width="{wide}" height="{HIGH}" rx="5"/>'
            f'<text x="{x + wide / 2:.0f}" y="{y + HIGH / 2:.0f}" text-anchor="middle">{word}'
            "</text></g>"
        )
    label = say(
        "translation.inside.beams.alt" + ("_forced" if forced >= 0 else ""),
        steps=last + (forced < 0),
        best=sentence["translation"],
        beginning=written(tree, forced),
    )
    return (
        f'<svg width="{size[0]}" height="{size[1]}" viewBox="0 0 {size[0]} {size[1]}" role="img" '
        f'aria-label="{label}">{"".join(edges)}<g lang="{TAGS[target]}">{"".join(boxes)}</g></svg>'
    )


def ending(text: str, most: int) -> str:
    """The last words of a text, as many as fit into ``most`` letters, but at least one; a wide
    character counts twice."""
    kept = cut(text)
    while len(kept) > 1 and width("".join(kept).lstrip()) > most:
        kept.pop(0)
    shown = "".join(kept).lstrip()
    return shown if shown == text else f"…{shown}"


def finished(say: Say, sentence: Mapping[str, Any], target: str) -> str:
    """The translations that reached their end, with what they are ranked by."""
    told = sentence["alternatives"]
    back = [one for one in told if one.get("back") is not None]
    columns = {"score": "score", "back": "back", "rank": "together"} if back else {"score": "score"}
    rows = "".join(
        f'<tr><td lang="{TAGS[target]}">{escape(one["translation"])}</td>'
        f'<td class="number">{tiny(one["probability"])}</td>'
        + "".join(f'<td class="number">{signed(one[name])}</td>' for name in columns)
        + "</tr>"
        for one in told
    )
    names = ("ended", "probability", *columns.values())
    heads = [say(f"translation.inside.beams.{name}") for name in names]
    numbers = "".join(f'<th class="number">{head}</th>' for head in heads[1:])
    how = [say("translation.inside.beams.how")]
    if back:
        some = min(back, key=lambda one: float(one["back"]))  # the farthest from 0
        weight = (some["rank"] - some["score"]) / (some["back"] or 1.0)
        how.append(say("translation.inside.beams.how_back", weight=f"{weight:.1f}"))
    return (
        f'<div class="scroll" tabindex="0" role="group" aria-label="{heads[0]}">'
        f'<table class="sheet ended"><thead><tr><th>{heads[0]}</th>{numbers}'
        f"</tr></thead><tbody>{rows}</tbody></table></div>"
        + "".join(f'<p class="quiet">{one}</p>' for one in how)
    )


def signed(value: float) -> str:
    """A number with two decimals and a true minus."""
    return f"{value:.2f}".replace("-", "−")


@dataclass(frozen=True)
class Placed:
    """A branch that is drawn: its number in the tree, its step and its rank there, from 0. A forced
    beginning is drawn as one branch, its last, which stands before the steps of the search."""

    number: int
    step: int
    rank: int


def steps(tree: Sequence[Mapping[str, Any]]) -> list[int]:
    """The step of every branch, the first words' being 0."""
    found: list[int] = []
    for node in tree:
        found.append(0 if node["parent"] < 0 else found[node["parent"]] + 1)
    return found


def stem(tree: Sequence[Mapping[str, Any]]) -> int:
    """The last branch of a forced beginning, -1 where nothing was forced. Where a word is forced
    the step has one branch, where the search chooses it has several."""
    at = steps(tree)
    many = Counter(at)
    return next((n for n, step in enumerate(at) if many[step] > 1), len(at)) - 1


def placed(tree: Sequence[Mapping[str, Any]]) -> list[Placed]:
    """The branches that are drawn. A step's branches stand in the tree best first."""
    ranks: dict[int, int] = {}
    found, before = [], max(stem(tree), 0)
    for number, (node, step) in enumerate(zip(tree, steps(tree), strict=True)):
        rank = ranks.get(step, 0)
        if number >= before and (node["fate"] != "dropped" or rank < ROWS):
            found.append(Placed(number, step - before, rank))
            ranks[step] = rank + 1
    return found


def path(tree: Sequence[Mapping[str, Any]], number: int) -> list[int]:
    """The branches from the root to this one."""
    found = []
    while number >= 0:
        found.append(number)
        number = tree[number]["parent"]
    return found[::-1]


def written(tree: Sequence[Mapping[str, Any]], number: int) -> str:
    """The text that ends with a branch."""
    pieces = (tree[n]["token"] for n in path(tree, number))
    return "".join(piece for piece in pieces if piece != END).strip()


def winner(sentence: Mapping[str, Any]) -> list[int]:
    """The branches of the translation: its last one has the translation's own probability."""
    tree = sentence["tree"]
    total = log(max(sentence["alternatives"][0]["probability"], TINY))
    fate = "finished" if sentence["complete"] else "kept"
    ends = [n for n, node in enumerate(tree) if node["fate"] == fate]
    if not ends:
        return []
    return path(tree, min(ends, key=lambda n: abs(tree[n]["total"] - total)))


def next_words(tree: Sequence[Mapping[str, Any]], root: int) -> tuple[dict[str, float], set[str]]:
    """Words that may follow a branch (-1: the beginning), with their probabilities there; each with
    the blank before it that it has.

    The second: those of which the tree does not tell whether they end there. The end of the
    sentence and characters cut in two are left out.
    """
    children: dict[int, list[int]] = {}
    for number, node in enumerate(tree):
        children.setdefault(node["parent"], []).append(number)
    found: dict[str, float] = {}
    open_: set[str] = set()

    def walk(number: int, before: str, share: float) -> None:
        token = tree[number]["token"]
        if token == END or "\ufffd" in token:
            return
        text, share = before + token, share * tree[number]["probability"]
        word = text.strip()
        below = children.get(number, [])
        if not word or first_word(word)[0] != word:
            return
        longer = [n for n in below if not ends(text, tree[n]["token"])]
        for n in longer:
            walk(n, text, share)
        rest = share * (1 - sum(tree[n]["probability"] for n in longer))
        alone = not word[-1].isalnum() or word >= HAN
        if word[-1] in "'’-" and word[:-1]:
            return  # an article without its noun, the first part of a compound
        if alone or len(longer) < len(below):
            found[text] = found.get(text, 0.0) + max(rest, 0.0)
        elif not below:
            found[text] = found.get(text, 0.0) + share
            open_.add(text)

    for number in children.get(root, []):
        walk(number, "", 1.0)
    return found, open_


def ends(text: str, token: str) -> bool:
    """Whether a word is over when this token follows."""
    return token == END or first_word(text + token)[1]
