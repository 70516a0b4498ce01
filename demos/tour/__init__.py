"""The guided tour: in each tab five steps at most, each of which points at a control of the page
and waits until the visitor has used it and the page has answered.

`steps.toml` says where each step points, `words.<lang>.toml` what it says; a page fetches both as
one piece when the tour begins, with the script that leads through it (`tour.js`). The step stands
in the address (``?tour=3``), so that a reload or a link goes on there.
"""

from __future__ import annotations

import tomllib
from functools import cache
from html import escape
from pathlib import Path

from demos.language import Say

HERE = Path(__file__).parent


@cache
def steps() -> dict[str, list[dict[str, str]]]:
    """The steps of each tab. Every step has ``room``, one of `page.ROOMS`, and CSS selectors:
    ``target``, what it points at; ``used``, where the visitor does something (the target by
    default); ``answer``, what then changes, or ""; ``first``, a switch that has to be on before, or
    ""; ``live``, an answer that never comes to rest, or "". ``files`` says whether a file that is
    dropped or pasted anywhere counts: "anywhere" or ""."""
    others = dict.fromkeys(("answer", "first", "live", "files"), "")
    found: dict[str, list[dict[str, str]]] = tomllib.loads((HERE / "steps.toml").read_text("utf-8"))
    return {
        tab: [{"used": one["target"]} | others | one for one in own] for tab, own in found.items()
    }


def button(tab: str, say: Say, key: str) -> str:
    """What begins the tour of a tab, as HTML. ``key``: of the piece that `words.apart` made of
    `panel`."""
    text = say("tour.begin", count=len(steps()[tab]))
    return f'<button type="button" class="link" data-tour="{tab}/{key}">{text}</button>'


def panel(tab: str, say: Say) -> str:
    """The panel that `tour.js` shows, with all that its steps say."""
    told = "".join(_one(tab, number, one, say) for number, one in enumerate(steps()[tab], 1))
    labels = " ".join(
        f'data-{name}="{say(f"tour.{name}")}"' for name in ("step", "skip", "last", "on", "done")
    )
    return f"""<section class="tour tab-{tab}" role="dialog" aria-labelledby="tour-title"
aria-describedby="tour-text" tabindex="-1" {labels}>
<div class="tour-head"><span class="quiet" data-show="count"></span>
<button type="button" class="link" data-do="end">{say("tour.end")}</button></div>
<h2 id="tour-title"></h2><p id="tour-text"></p>
<p class="quiet" data-show="missing" role="status" hidden>{say("tour.missing")}</p>
<p class="quiet" data-show="waiting" role="status" hidden>{say("tour.waiting")}</p>
<p class="quiet" data-show="whole" role="status" hidden>{say("tour.whole")}</p>
<p class="sr-only" data-show="aloud" role="status"></p>
<div class="tour-buttons"><button type="button" class="ghost" data-do="back">{say("tour.back")}
</button><button type="button" class="ghost" data-do="there">{say("tour.there")}</button>
<button type="button" class="ghost" data-do="next">{say("tour.skip")}</button></div>
<ol hidden>{told}<li><b>{say("tour.over.title")}</b><p>{say("tour.over.text")}</p></li></ol>
</section>"""


def _one(tab: str, number: int, step: dict[str, str], say: Say) -> str:
    data = " ".join(f'data-{name}="{escape(value)}"' for name, value in step.items())
    text = f"tour.{tab}.{number}"
    return f"<li {data}><b>{say(f'{text}.title')}</b><p>{say(f'{text}.text')}</p></li>"
