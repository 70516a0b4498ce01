"""The sheet of paper that a text is written on, as HTML, and the line beneath that says whose."""

from __future__ import annotations

import re

from demos import models, page, typed
from demos.language import Say
from demos.text import answers
from demos.text.tryout.writing import Written
from pretrained.catalog import Entry
from pretrained.text.ending import MOST_OVER

#: A line of a poem, with the sign that ends it.
LINE = re.compile(r"[^，。！？；\n]*[，。！？；]\n?|[^，。！？；\n]*\n|[^，。！？；\n]+$")


def leaf(entry: Entry, now: Written, *, busy: bool) -> str:
    """The text so far: the visitor's beginning, then what was written, its newest part fading in.

    Characters of the beginning that the model read over are struck out."""
    gone = answers.unknown_in(entry, now.wish.prompt)
    poem = answers.writes_poems(entry)
    cut = '<span class="given">…</span>' if now.wish.cut else ""
    begun = typed.shown(now.wish.prompt, gone)
    given = f'<bdi class="given">{lined(begun) if poem else begun}</bdi>'
    stale, fresh = now.text, ""
    if busy and now.fresh:
        stale, fresh = now.text[: -now.fresh], now.text[-now.fresh :]
    made = typed.shown(stale) + appearing(fresh)
    if poem:
        made = lined(marked(stale, now.wish.acrostic) + appearing(fresh))
    lang = ' lang="zh-CN"' if poem else ""
    caret = '<i class="caret"></i>' if busy else ""
    return (
        f'<div class="leaf{" poem" if poem else ""}" dir="auto" aria-busy="{str(busy).lower()}"'
        f'{lang} tabindex="0">'
        f'{cut}{given}<bdi class="made">{made}</bdi>{caret}</div>'
    )


def appearing(text: str) -> str:
    """New characters, which fade in one after the other until the next update comes."""
    pace = 0.18 / max(1, len(text))
    return "".join(
        f'<i class="new" style="animation-delay:{i * pace:.3f}s">{typed.shown(c)}</i>'
        if c != "\n"
        else "\n"
        for i, c in enumerate(text)
    )


def marked(text: str, acrostic: str) -> str:
    """A poem as HTML, the hidden characters marked where its lines begin with them."""
    parts, hidden = [], list(acrostic)
    for verse in LINE.findall(text):
        if hidden and verse[0] == hidden[0]:
            parts.append(f"<em>{typed.shown(hidden.pop(0))}</em>{typed.shown(verse[1:])}")
        else:
            parts.append(typed.shown(verse))
    return "".join(parts)


def lined(html: str) -> str:
    """A poem as HTML, each of its lines on a line of its own."""
    return re.sub(r"([，。！？；](?:</i>)?)\n?", r"\1<br>", html)


def line(say: Say, entry: Entry, now: Written, *, busy: bool) -> str:
    """Who wrote, how large it is, how much it wrote, and the seed that writes the same again."""
    key = "text.answer.writing" if busy else "text.answer.line"
    characters = f"{len(now.text):,}"
    said = say.plain(
        key,
        model=say.model(entry),
        weights=models.size(say, entry.parameters),
        count=characters,
        seed=now.wish.options["seed"],
    )
    return page.quiet(said)


def notes(say: Say, entry: Entry, now: Written, over: bool = True) -> str:
    """What was done with what the visitor sent: cut, read over; and why it ends (``over``), if that
    is not for its length."""
    found = answers.unknown_note(say, entry, now.wish.prompt)
    if now.wish.cut:
        read = f"{len(now.wish.prompt):,}"
        found += page.note(say.plain("text.answer.cut", sent=f"{now.wish.sent:,}", read=read))
    if over and not now.text and answers.writes_poems(entry):
        found += page.note(say.plain("text.answer.whole"))
    if over and now.broken:
        found += page.note(say.plain("text.answer.broken", most=MOST_OVER))
    if now.full:
        found += page.note(say.plain("text.answer.full", most=f"{len(now.text):,}"))
    return found


def sheet(say: Say, entry: Entry, now: Written, *, busy: bool) -> str:
    """The leaf, the line beneath it, the notes."""
    state = "" if busy else ' role="status"'
    return (
        f'<div class="writing">{leaf(entry, now, busy=busy)}'
        f"<div{state}>{line(say, entry, now, busy=busy)}"
        f"{notes(say, entry, now, not busy)}</div></div>"
    )
