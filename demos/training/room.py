"""The third room: your data, how to learn, start; then the training, live; then your own model.

All of it is HTML that is rendered once per language. What happens in it is `training.js`, which
talks to `demos.training.routes`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any

import gradio as gr

from demos import page
from demos.language import Say, Words
from jobs import Jobs
from jobs.folder import LONGEST

MOUNT = (
    "import(new URL('house/training.js', document.baseURI)).then((training) => "
    "training.mount(element));"
)
#: Of what `spoken` gives: ``training.<name>`` each, with its fields unfilled.
SPOKEN = (
    *("queued", "place", "preparing", "running", "ending", "pausing", "stopping", "paused"),
    *("done", "failed", "cancelled", "stopped_kept", "stopped_nothing"),
    *("received", "left_out", "guessed", "sending", "progress", "loss", "held_out", "right"),
    *("before", "after", "nobody", "lost", "copied", "link", "samples", "sample_at", "model"),
    *("none", "elsewhere", "confirm", "curve", "nothing_sent", "not_kept", "worse"),
    *("packing", "one_file", "many_files", "nothing_pasted", "unnamed", "yours"),
)
MOST_TEXT = 2_000_000  # characters that may be pasted; a file may be larger


@dataclass(frozen=True)
class Start:
    """What a training may begin from: ``<tab>.train.start.<name>`` says it.

    Attributes: key: of the recipe. options: that it is given, such as ``{"scratch": True}``."""

    name: str
    key: str
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Recipe:
    """What one room trains.

    Attributes:
        name: of the tab; its words are ``<name>.train.*``: give, give_how, paste, start.<each>.
        starts: what it may begin from, the recommended one first. first: the one that is chosen at
            first on pages of a language, where it is another.
        accept: the ends of file names, as the input element takes them; "" where none are sent.
        text: the file that pasted text becomes, such as ``text.txt``; "" where none is pasted.
        folders: whether a folder may be sent as it is.
        minutes: that are proposed. most: that may be chosen, if the host allows so many.
        starters: data for those who have none, by their names in `pretrained.starters`, and the
            start that each is made for.
    """

    name: str
    starts: Sequence[Start]
    accept: str
    text: str = ""
    folders: bool = False
    minutes: int = 5
    most: int = 120
    starters: Mapping[str, str] = field(default_factory=dict)
    first: Mapping[str, str] = field(default_factory=dict)


def room(
    words: Words,
    jobs: Jobs | None,
    recipe: Recipe,
    commands: Callable[[], None],
    extra: Callable[[Say], str] = lambda say: "",
    mount: str = MOUNT,
) -> None:
    """The room of one tab.

    Args: commands: lays out how the same is done from the command line. extra: HTML between the
    data and the start. mount: another script, that calls `training.js` itself."""
    if jobs is None or not jobs.limits.on:
        page.markup(words, lambda say: f'<p class="note">{say("training.off")}</p>')
    else:
        gr.HTML(
            words.markup(lambda say: rendered(say, jobs, recipe, extra(say))),
            js_on_load=mount,
            apply_default_css=False,
            elem_classes="training",
        )
    with gr.Accordion(words("training.command"), open=jobs is None, elem_classes="more"):
        page.markup(words, lambda say: f'<p class="quiet">{say("training.command_how")}</p>')
        commands()


def rendered(say: Say, jobs: Jobs, recipe: Recipe, extra: str) -> str:
    """The room in one language."""
    limits = jobs.limits
    most = int(min(recipe.most, limits.minutes))
    told = {
        "task": recipe.starts[0].key.split("/")[0],
        "text": recipe.text,
        "most": MOST_TEXT,
        "mb": limits.data_mb,
        "words": spoken(say),
        "starts": {one.name: {"key": one.key, "options": one.options} for one in recipe.starts},
    }
    settings = escape(json.dumps(told, ensure_ascii=False))
    lasting = "" if limits.lasting else f'<p class="note">{say("training.not_lasting")}</p>'
    return f"""
<section class="train" data-train="{settings}">
<p class="refusal" role="alert" hidden></p>
<div class="train-form">
{data(say, recipe, limits.data_mb)}
{extra}
<div class="train-step"><h2>{say("training.how")}</h2>
{starts(say, recipe)}
<label class="train-minutes">{say("training.minutes")}
<input type="range" min="1" max="{most}" value="{min(recipe.minutes, most)}" name="minutes">
<output>{min(recipe.minutes, most)}</output></label></div>
<p class="quiet">{say("training.keeps", hours=f"{limits.keep_hours:g}")}</p>{lasting}
<button type="button" class="btn" data-do="start">{say("training.start")}</button>
</div>
<div class="train-run" hidden aria-live="off">{run(say)}</div>
<details class="train-mine" hidden><summary>{say("training.mine")}</summary><ul></ul></details>
{load(say)}
</section>"""


def spoken(say: Say) -> dict[str, Any]:
    """What `training.js` says by itself, and what it calls each figure of a curve."""
    figures = {"figure": say.words.table(say.lang, "training.figure")}
    return {name: say.plain(f"training.{name}") for name in SPOKEN} | figures


def load(say: Say) -> str:
    """Where a model that was taken home comes back."""
    return (
        f'<p class="train-load"><label>{say("training.load")}<input type="file" accept=".zip" '
        f'class="sr-only" data-load></label></p>'
    )


def data(say: Say, recipe: Recipe, mb: int) -> str:
    """The first step: paste, choose, drop, or take what is made here."""
    name = f"{recipe.name}.train"
    paste = (
        f'<textarea name="text" rows="6" aria-label="{say(f"{name}.paste")}" '
        f'placeholder="{say(f"{name}.paste")}" spellcheck="false"></textarea>'
        if recipe.text
        else ""
    )
    folder = (
        f'<label class="ghost">{say("training.folder")}<input type="file" webkitdirectory multiple '
        f'class="sr-only" data-give="folder"></label>'
        if recipe.folders
        else ""
    )
    named = {one: say(f"training.starter.{one.replace('-', '_')}") for one in recipe.starters}
    buttons = "".join(
        f'<button type="button" class="ghost" data-starter="{one}" '
        f'data-for="{recipe.starters[one]}">{told}</button>'
        for one, told in named.items()
    )
    ours = (
        f'<p class="train-starters"><span class="quiet">{say("training.starters")}</span> '
        f"{buttons}</p>"
        if buttons
        else ""
    )
    files = f"""<div class="train-drop"><label class="ghost">{say("training.files")}<input
type="file" multiple accept="{recipe.accept}" class="sr-only" data-give="files"></label>{folder}
<span class="quiet">{say("training.drop", mb=mb)}</span></div>"""
    return f"""<div class="train-step"><h2>{say(f"{name}.give")}</h2>
<p class="quiet">{say(f"{name}.give_how")}</p>{paste}
{files if recipe.accept else ""}
{ours}
<div class="train-came"><p class="train-data" role="status"></p><button type="button" class="ghost"
data-do="forget" hidden>{say("training.clear")}</button></div></div>"""


def starts(say: Say, recipe: Recipe) -> str:
    """What the training begins from, where there is a choice."""
    if len(recipe.starts) == 1:
        return f"<p>{say(f'{recipe.name}.train.start.{recipe.starts[0].name}')}</p>"
    first = recipe.first.get(say.lang, recipe.starts[0].name)
    rows = "".join(
        f'<label><input type="radio" name="start-{recipe.name}" value="{one.name}"'
        f"{' checked' if one.name == first else ''}> "
        f"{say(f'{recipe.name}.train.start.{one.name}')}</label>"
        for one in recipe.starts
    )
    return (
        f'<div class="train-starts" role="radiogroup" aria-label="{say("training.from")}">'
        f"{rows}</div>"
    )


def run(say: Say) -> str:
    """One training, live: empty until `training.js` fills it in."""

    def button(name: str, kind: str = "ghost") -> str:
        label = say(f"training.{name}")
        return f'<button type="button" class="{kind}" data-do="{name}">{label}</button>'

    own = say.words.table(say.lang, "training.moments")
    words = escape(json.dumps(own, ensure_ascii=False))
    return f"""
<div class="train-head"><h2 data-show="state" aria-live="polite"></h2>
<p class="quiet" data-show="about"></p>
<progress max="1" value="0" aria-label="{say("training.progress_label")}"></progress>
<p class="note train-stopped" hidden></p></div>
<div class="train-live">
<figure class="train-curve"><svg viewBox="0 0 400 180" role="img"></svg>
<figcaption></figcaption></figure>
<figure class="train-samples" hidden><div data-show="sample"></div>
<input type="range" min="0" max="0" value="0" aria-label="{say("training.rewind")}" data-rewind>
<figcaption></figcaption></figure></div>
<div class="train-score" data-show="score" hidden></div>
<form class="train-name" hidden><label>{say("training.name")}
<input name="name" maxlength="{LONGEST}" autocomplete="off"></label>
<button class="ghost">{say("training.rename")}</button>
<span class="quiet" role="status" data-said="{say("training.renamed")}"></span></form>
<details class="train-rewind" hidden data-words="{words}"><summary>{say("training.moments.title")}
</summary><p class="quiet">{say("training.moments.how")}</p><div data-rewound></div></details>
<p class="quiet train-no-rewind" hidden>{say("training.no_moments")}</p>
<p class="train-buttons">{button("use", "btn")}
<a class="ghost" data-do="take" download>{say("training.take")}</a>
{"".join(map(button, ("pause", "resume", "cancel", "remove", "new")))}</p>
<details class="train-push" hidden><summary>{say("training.push.title")}</summary>
<form><p class="quiet">{say("training.push.how")}</p>
<label>{say("training.push.repository")}<input name="repository" type="text" required
maxlength="193" autocomplete="off" spellcheck="false" placeholder="user/name"></label>
<label>{say("training.push.token")}<input name="token" type="password" required maxlength="4000"
autocomplete="off" placeholder="hf_…"></label>
<label class="check"><input name="private" type="checkbox" checked>
{say("training.push.private")}</label>
<button class="ghost">{say("training.push.go")}</button>
<p role="status" data-sending="{say("training.push.sending")}"
data-sent="{say("training.push.sent")}"></p></form></details>
<div class="train-link" hidden><p class="quiet">{say("training.link_how")}</p>
<p><input readonly aria-label="{say("training.link")}" data-show="link">
<button type="button" class="ghost" data-do="copy">{say("page.copy")}</button></p></div>
<details class="train-log" hidden><summary>{say("training.log")}</summary>
<pre tabindex="0"></pre></details>"""
