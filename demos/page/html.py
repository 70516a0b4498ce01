"""Pieces of page as HTML: bars, notes, facts, commands, figures and tables of an article."""

from __future__ import annotations

import html as html_text
import json
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from demos.language import Say, Words, reasons
from demos.page.layout import markup


def sentences(lang: str, *parts: str) -> str:
    """Sentences one after the other: Chinese puts no blank after a full stop."""
    return ("" if lang == "zh" else " ").join(part for part in parts if part)


def bars(rows: Sequence[tuple[str, float]], accent: str | None = None) -> str:
    """Labels with horizontal bars. `rows`: (label, fraction from 0 to 1), best first; `accent`:
    a CSS colour, else the tab's own. Percentages of 0.1 points; a tiny value shows as "<0.1%"."""
    style = f' style="--accent:{html_text.escape(accent, quote=True)}"' if accent else ""
    lines = []
    for label, fraction in rows:
        share = min(max(float(fraction), 0.0), 1.0)
        shown = "<0.1%" if 0 < share < 0.0005 else f"{share:.1%}"
        lines.append(
            f'<li class="bar"><b>{html_text.escape(str(label))}</b>'
            f'<div aria-hidden="true"><i style="width:{share * 100:.2f}%"></i></div>'
            f"<span>{html_text.escape(shown)}</span></li>"
        )
    return f'<ul class="bars"{style}>{"".join(lines)}</ul>'


def percent(share: float) -> str:
    """A probability, 0..1, with the digits that it is worth."""
    return "<0.1%" if share < 0.0005 else f"{share:.1%}" if share < 0.1 else f"{share:.0%}"


def note(text: str) -> str:
    """An aside with the accent at its left. `text` is plain text."""
    return f'<p class="note">{html_text.escape(text)}</p>'


def quiet(text: str) -> str:
    """One muted line: the model, its size and its time. `text` is plain text."""
    return f'<p class="quiet">{html_text.escape(text)}</p>'


def waiting(said: str, count: str = "") -> str:
    """A bar and what is waited for, as HTML. ``count``: the bar's attributes, if it has an end."""
    return (
        f'<div class="waiting" role="status"><progress aria-label="{said}" {count}></progress>'
        f'<p class="quiet">{said}</p></div>'
    )


def refusals(say: Say, limit_mb: int, empty: str, other: str = "") -> str:
    """Where a page's script says why it does not send a file, and its sentences.

    Args: empty, other: the keys for an empty file, and for one of another kind."""
    told = {
        "empty": say(empty),
        "heavy": say("error.file_too_large", size="{size}", limit=limit_mb),
    }
    told |= {"other": say(other)} if other else {}
    data = " ".join(f'data-{name}="{text}"' for name, text in told.items())
    return f'<p class="refusal" role="alert" hidden data-limit="{limit_mb * 1_000_000}" {data}></p>'


def upload_guard(
    words: Words, button: str, answer: str, limit_mb: int, empty: str, other: str = ""
) -> gr.HTML:
    """Refuses the files of an upload button in the browser, in the visitor's language, where Gradio
    would in its own. ``answer``: the element where the server's refusals stand. ``empty``,
    ``other``: see `refusals`; with ``other`` only pictures pass."""
    given = json.dumps([button, answer, bool(other)])
    return gr.HTML(
        words.markup(lambda say: refusals(say, limit_mb, empty, other)),
        js_on_load="import(new URL('house/refused.js', document.baseURI))"
        f".then((it) => it.guard(element, ...{given}));",
    )


def section(say: Say, key: str, body: str, text: str = "text", **fields: Any) -> str:
    """A part of Look inside: its heading, ``key.title``, a sentence or two, what there is to see.

    Args: text: of ``key``, the sentences. fields: what fills them in. body: HTML."""
    name = key.rpartition(".")[2]
    return (
        f'<section class="step step-{name}"><h2>{say(f"{key}.title", **fields)}</h2>'
        f'<p class="quiet">{say(f"{key}.{text}", **fields)}</p>{body}</section>'
    )


#: A large number and the key of its label; then what fills the label's fields, where it has some.
Fact = tuple[str, str] | tuple[str, str, Mapping[str, Any]]


def facts(words: Words, rows: Sequence[Fact]) -> gr.HTML:
    """The three or four large numbers at the foot of Try, and whose they are: a visitor may have
    chosen another network there."""
    whose = "page.measured_on"
    return markup(words, lambda say: f'<p class="whose">{say(whose)}</p>{_facts(rows, say)}')


def fact_groups(words: Words, groups: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> gr.HTML:
    """`facts` of different tasks, which must not be compared: (key of the heading, rows) each."""

    return markup(words, lambda say: fact_groups_html(groups, say))


def fact_groups_html(groups: Sequence[tuple[str, Sequence[tuple[str, str]]]], say: Say) -> str:
    """`fact_groups` in one language."""
    parts = (f"<section><h2>{say(key)}</h2>{_facts(rows, say)}</section>" for key, rows in groups)
    return f'<div class="fact-groups">{"".join(parts)}</div>'


def _facts(rows: Sequence[Fact], say: Say) -> str:
    cells = (
        f"<div><dd>{html_text.escape(row[0])}</dd><dt>{say(row[1], **dict(*row[2:]))}</dt></div>"
        for row in rows
    )
    return f'<dl class="facts">{"".join(cells)}</dl>'


def command(words: Words, line: str) -> gr.HTML:
    """A command to copy."""
    return markup(words, lambda say: command_html(line, say))


def command_html(line: str, say: Say) -> str:
    """`command` in one language: broken between its options where the page is narrow. The button is
    wired by page.js."""
    first, *options = (html_text.escape(part) for part in line.split(" --"))
    shown = first + "".join(f" <span>--{option}</span>" for option in options)
    return (
        f'<div class="command"><pre tabindex="0"><code lang="en">{shown}</code></pre>'
        f'<button type="button" class="ghost" data-copy="{html_text.escape(line, quote=True)}" '
        f'data-done="{say("page.copied")}">{say("page.copy")}</button></div>'
    )


def split(name: str, say: Say) -> str:
    """On which data something was measured, as HTML."""
    return _translated(name, reasons.held_out(name, say.lang))


def hardware(name: str, say: Say) -> str:
    """On which machine something was trained, as HTML."""
    return _translated(name, reasons.hardware(name, say.lang))


def learnt_from(name: str, say: Say) -> str:
    """What something was trained on, as HTML."""
    return _translated(name, reasons.data(name, say.lang))


def _translated(name: str, told: str) -> str:
    """``told``; marked as English where it is still the recipe's own ``name``."""
    escaped = html_text.escape(told)
    return f'<span lang="en">{escaped}</span>' if told == name else escaped


def step(words: Words, key: str) -> gr.HTML:
    """A heading of Train, ``key``, and what is to be done there, ``key`` with ``_how``."""
    return markup(words, lambda say: f"<h2>{say(key)}</h2><p>{say(f'{key}_how')}</p>")


def drawn(body: str, caption: str) -> str:
    """A figure of an article: HTML in one line, as Markdown passes a block through as long as no
    blank line breaks it. ``caption`` is HTML."""
    return f'<figure class="drawn">{body}<figcaption>{caption}</figcaption></figure>'


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], caption: str) -> str:
    """Rows of HTML under their heads, figures to the right."""
    first, *rest = heads
    head = f'<th scope="col">{first}</th>'
    head += "".join(f'<th scope="col" class="number">{one}</th>' for one in rest)
    body = "".join(
        f'<tr><th scope="row">{name}</th>'
        + "".join(
            f'<td class="number" data-label="{label}">{cell}</td>'
            for label, cell in zip(rest, cells, strict=True)
        )
        + "</tr>"
        for name, *cells in rows
    )
    sheet = (
        f'<table class="sheet figures"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    )
    return drawn(f'<div class="scroll">{sheet}</div>', caption)
