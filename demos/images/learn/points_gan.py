"""See it happen: two tiny networks set against each other over points in a square.

They are `points_gan.js`, and learn in the visitor's own browser: no model of the server is
asked, and any number of people can play at once."""

from __future__ import annotations

import html
import json

import gradio as gr

from demos import home
from demos.language import Say, Words

SHAPES = ("ring", "moons", "blobs", "own")
#: How often the speeds are doubled, from the generator's side to the discriminator's.
LEAST, MOST, USUAL = -4, 8, 4
#: What points.js says while it runs.
SPOKEN = ("run", "pause", "stopped", "judged", "moved", "discriminator", "generator", "alike")
MOUNT = "import(new URL('house/points.js', document.baseURI)).then((it) => it.mount(element));"


def build(words: Words) -> gr.HTML:
    """The game and its controls."""
    return gr.HTML(words.markup(duel), js_on_load=MOUNT, apply_default_css=False)


def duel(say: Say) -> str:
    """The field on the left; the knob, the buttons and what is measured on the right."""
    spoken = {word: html.unescape(say(f"images.points.{word}")) for word in SPOKEN}
    label = f"{say('images.points.field')}{say('house.colon')}{say('images.points.field_help')}"
    return f"""
<section class="duel" aria-label="{say("images.points.title")}"
data-words="{html.escape(json.dumps(spoken, ensure_ascii=False))}">
<h2>{say("images.points.title")}</h2><p class="about">{say("images.points.about")}</p>
<div class="match">
<div class="arena"><canvas class="field" role="img" aria-label="{label}"></canvas>
{legend(say)}
<p class="quiet" data-own hidden>{say("images.points.own_help")}</p></div>
<div class="readings">{knobs(say)}
<div class="buttons"><button type="button" class="btn" data-do="run">{say("images.points.run")}
</button><button type="button" class="ghost" data-do="step">{say("images.points.step")}</button>
<button type="button" class="ghost" data-do="reset">{say("images.points.reset")}</button>
<button type="button" class="ghost" data-do="clear" data-own hidden>{say("images.points.clear")}
</button></div>
{measures(say)}
<p class="note" data-show="collapse" hidden>{say("images.points.collapse")}</p>
<p class="sr-only" data-show="said" role="status"></p>
</div></div>
<p class="quiet try-this">{say("images.points.try")}</p>
</section>"""


def knobs(say: Say) -> str:
    """What is to be learnt, and which of the two learns faster."""
    shapes = [(shape, say(f"images.points.{shape}")) for shape in SHAPES]
    return f"""<div class="set">
{home.choice(say("images.points.shape"), "shape", shapes, SHAPES[0])}
<label for="points-balance">{say("images.points.balance")} <output data-show="balance"></output>
<input type="range" id="points-balance" name="balance" min="{LEAST}" max="{MOST}" step="1"
value="{USUAL}"></label>
<p class="ends" aria-hidden="true"><span>{say("images.points.left")}</span>
<span>{say("images.points.right")}</span></p></div>"""


def measures(say: Say) -> str:
    """Rounds, how much is covered, and both losses with their curve."""
    cells = "".join(
        f'<div><dd data-show="{name}"></dd><dt>{say(f"images.points.{name}")}</dt></div>'
        for name in ("rounds", "reached", "hit")
    )
    curve = f"{say('images.points.losses')}{say('house.colon')}{say('images.points.losses_help')}"
    return f"""<dl class="told">{cells}</dl>
<h3>{say("images.points.losses")}</h3>
<canvas class="losses curve" role="img" aria-label="{curve}"></canvas>
<dl class="legend"><div><dt><i></i>{say("images.points.discriminator_loss")}</dt>
<dd data-show="discriminator"></dd></div>
<div><dt><i class="dashed"></i>{say("images.points.generator_loss")}</dt>
<dd data-show="generator"></dd></div></dl>
<p class="quiet">{say("images.points.losses_help")}</p>"""


def legend(say: Say) -> str:
    """What the signs on the field mean."""
    signs = {
        "target": '<circle class="ring" cx="8" cy="6" r="2.5"/>',
        "drawn": '<path class="drop" d="M8 1L13 6L8 11L3 6Z"/>',
        "push": '<path class="ring" d="M1 6H15"/>',
    }
    rows = "".join(
        f'<li><svg viewBox="0 0 16 12" aria-hidden="true">{sign}</svg>'
        f"{say(f'images.points.sign.{name}')}</li>"
        for name, sign in signs.items()
    )
    probability = say("images.points.sign.probability")
    return (
        f'<ul class="signs">{rows}<li class="probability"><span data-show="low"></span>'
        f'<i aria-hidden="true"></i><span data-show="high"></span>{probability}</li></ul>'
    )
