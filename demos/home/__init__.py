"""Home: six doors that move, and what supervised learning is, on a network that learns here.

The network is `page/network.js`: it runs in the visitor's own browser, so that it is instant, needs
no server, and any number of people can play with it at once."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence

import gradio as gr

from demos import TABS, page
from demos.home import living
from demos.language import Say, Words
from inference import Engine
from jobs import Jobs

BREAKTHROUGHS = ("classification", "detection", "text", "translation", "images")
LAB_WORDS = ("run", "pause", "passes", "right")
PAINT_WORDS = ("points", "most")
LIVING = "import(new URL('house/living.js', document.baseURI)).then((it) => it.mount(element));"
MOUNT = "import(new URL('house/home.js', document.baseURI)).then((home) => home.mount(element));"


def build(engine: Engine, words: Words, jobs: Jobs | None = None) -> None:
    """The page, inside its tab."""
    with gr.Column(elem_classes=["page", "tab-home"]):
        page.title("home", words)
        gr.HTML(words.markup(living.tiles), js_on_load=LIVING, apply_default_css=False)
        page.markup(words, lambda say: f'<h2 class="lab-title">{say("home.loop")}</h2>')
        gr.HTML(words.markup(lab), js_on_load=MOUNT, apply_default_css=False)
        page.markup(words, cards)


def lab(say: Say) -> str:
    """The four stages of the loop with their controls, and the bench where it is seen."""
    spoken = {word: html.unescape(say(f"home.{word}")) for word in LAB_WORDS}
    spoken["weights"] = html.unescape(say("home.net.weights"))
    spoken |= {word: say.plain(f"home.paint.{word}") for word in PAINT_WORDS}
    collect = (
        choice(
            say("home.data.shape"), "shape", [(s, say(f"home.data.{s}")) for s in SHAPES], "rings"
        )
        + slide(say("home.data.noise"), "noise", 0, 0.3, 0.02, 0.06)
        + slide(say("home.data.amount"), "amount", 30, 480, 30, 240)
    )
    choose = (
        slide(say("home.net.layers"), "layers", 0, 4, 1, 2)
        + slide(say("home.net.width"), "width", 1, 8, 1, 6)
        + choice(
            say("home.net.activation"),
            "activation",
            [(name, say(f"home.net.{name}")) for name in ("tanh", "relu", "linear")],
            "tanh",
        )
    )
    rate = choice(say("home.net.rate"), "rate", [(r, r) for r in RATES], "0.1")
    return f"""
<section class="lab" aria-label="{say("home.lab")}" data-words="{html.escape(json.dumps(spoken))}">
<ol class="stages">
{stage(say, 1, "collect", collect)}
{
        stage(
            say,
            2,
            "choose",
            choose + '<canvas class="network" aria-hidden="true"></canvas>'
            '<p class="quiet" data-show="weights"></p>',
        )
    }
{stage(say, 3, "compare", "")}
{stage(say, 4, "adjust", rate)}
</ol>
<div class="bench">
<div class="canvas"><canvas class="field" role="application" tabindex="0" aria-label="{
        say("home.field")
    }" aria-describedby="lab-field lab-keys"></canvas>
{paint(say)}</div>
<div class="readings">
<div class="buttons"><button type="button" class="btn" data-do="run">{say("home.run")}</button>
<button type="button" class="ghost" data-do="step">{say("home.step")}</button>
<button type="button" class="ghost" data-do="reset">{say("home.reset")}</button></div>
<dl><div><dd data-show="passes"></dd><dt>{say("home.passes")}</dt></div>
<div><dd data-show="right"></dd><dt>{say("home.right")}</dt></div></dl>
<h2>{say("home.curve")}</h2>
<canvas class="curve" role="img" aria-label="{say("home.curve")}{say("house.colon")}{
        say("home.curve_help")
    }"></canvas>
<dl class="legend"><div><dt><i></i>{say("home.seen")}</dt><dd data-show="seen"></dd></div>
<div><dt><i class="dashed"></i>{say("home.held_out")}</dt><dd data-show="held-out"></dd></div></dl>
<p class="note missed" data-show="stuck" role="alert" hidden>{say("home.stuck")}</p>
<p class="sr-only" data-show="said" role="status"></p>
</div>
<p class="quiet caption" id="lab-field">{say("home.field_help")}</p>
</div>
</section>"""


SHAPES = ("clouds", "rings", "checkers", "spirals", "own")
RATES = ("0.003", "0.01", "0.03", "0.1", "0.3", "1", "3")


def paint(say: Say) -> str:
    """What stands below the field: the two colours to paint points in, and how many there are."""
    colours = "".join(
        f'<label><input type="radio" name="paint" value="{label}"{" checked" if not label else ""}>'
        f'<i class="label-{label}"></i>{say(f"home.paint.{name}")}</label>'
        for label, name in enumerate(("round", "diamond"))
    )
    return f"""<fieldset class="paint"><legend class="sr-only">{say("home.paint.colour")}</legend>
<span class="quiet">{say("home.paint.help")}</span>{colours}
<button type="button" class="ghost" data-do="clear" hidden>{say("home.paint.clear")}</button>
<span class="quiet" data-show="points" role="status"></span>
<p class="note" data-show="few" hidden>{say("home.paint.few")}</p>
<p class="sr-only" id="lab-keys">{say("home.paint.keys")}</p>
<p class="sr-only" data-show="at" role="status"></p></fieldset>"""


def stage(say: Say, number: int, name: str, controls: str) -> str:
    """One stage of the loop, lit by home.js while it is at work."""
    again = f'<p class="again">{say("home.repeat")}</p>' if number == 4 else ""
    return f"""<li class="stage" data-stage="{name}"><h2><span>{number}</span>
{say(f"home.stage.{name}")}</h2><p>{say(f"home.stage.{name}_help")}</p>
<div class="knobs">{controls}</div>{again}</li>"""


def choice(label: str, name: str, options: Sequence[tuple[str, str]], chosen: str) -> str:
    """A labelled <select>. `label` and the options' texts are HTML already."""
    items = "".join(
        f'<option value="{value}"{" selected" if value == chosen else ""}>{text}</option>'
        for value, text in options
    )
    return f'<label>{label}<select name="{name}">{items}</select></label>'


def slide(label: str, name: str, low: float, high: float, step: float, value: float) -> str:
    """A labelled slider that shows its value."""
    return (
        f'<label>{label} <span class="reading">{value}</span><input type="range" name="{name}" '
        f'min="{low}" max="{high}" step="{step}" value="{value}"></label>'
    )


def cards(say: Say) -> str:
    """One row a breakthrough; those whose tab is not built yet say so."""
    rows = "".join(card(say, name) for name in BREAKTHROUGHS)
    return f"""<section class="cards"><h2>{say("home.breakthroughs")}</h2>
<p class="quiet">{say("home.breakthroughs_lead")}</p><ul>{rows}</ul></section>"""


def card(say: Say, name: str) -> str:
    """A row that leads to a tab."""
    built = name in TABS
    action = f'<span class="go">{say("home.open" if built else "home.making")}</span>'
    body = f"""<b>{say(f"{name}.tab")}</b><span class="question">{say(f"home.card.{name}")}</span>
<span class="about">{say(f"home.about.{name}")}</span>{action}"""
    if built:
        body = f'<a href="?tab={name}&amp;lang={say.lang}" data-tab="{name}">{body}</a>'
    else:
        body = f"<div>{body}</div>"
    return f'<li class="tab-{name}">{body}</li>'
