"""Results: is it any good? Charts; folded below them the models and every figure that is claimed.

    results.build(engine, words, jobs)      the page
    results.routes(words, jobs, folder)     what Measure again talks to

figures.py  what stands beside what, and its sources     charts.py  the same, drawn
fold.py     the models, folded                           table.py   every claim
again.py    evaluations, and whether two figures agree   routes.py  over HTTP, results.js
"""

from __future__ import annotations

import gradio as gr

from demos import page
from demos.language import Say, Words
from demos.results import charts, fold
from demos.results.routes import routes
from demos.results.table import table, target
from inference import Engine
from jobs import Jobs
from pretrained import catalog

__all__ = ["build", "routes", "table", "target"]

#: The script is fetched when somebody measures again, or opens a model where that may go on. What
#: the address points at (#results-claims, #measure-KEY) is unfolded, also when the page comes late.
MOUNT = """const script = () => import(new URL('house/results.js', document.baseURI));
const unfold = () => {
  const at = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!at || !element.contains(at)) return;
  for (let fold = at.closest('details'); fold; fold = fold.parentElement.closest('details'))
    fold.open = true;
  at.scrollIntoView();
};
addEventListener('hashchange', unfold);
new MutationObserver((_, late) => {
  if (!element.querySelector('section')) return;
  late.disconnect();
  unfold();
}).observe(element, { childList: true, subtree: true });
for (const kind of ['click', 'change', 'toggle']) element.addEventListener(kind, (event) => {
  const at = event.target.closest('[data-measure], details.folded-model[open]');
  if (at && event.target === at) script().then((it) => it[kind](at));
}, true);"""


def build(engine: Engine, words: Words, jobs: Jobs | None = None) -> None:
    """The page, inside its tab."""
    with gr.Column(elem_classes=["page", "tab-results"]):
        page.title("results", words)
        shown = gr.HTML(js_on_load=MOUNT, apply_default_css=False)
        folder = engine.settings.data_folder

        def render(say: Say) -> str:
            return f"{charts.drawn(say)}{fold.drawn(say, jobs, folder)}{claimed(say)}"

        page.later(words, render, shown)


def claimed(say: Say) -> str:
    """Every claim, folded: the charts have answered before."""
    cards = catalog.cards()
    held = say("results.claims_held", n=len(cards), models=len({card["key"] for card in cards}))
    return (
        f'<details class="claims"><summary><h2 id="results-claims">{say("results.claims")}</h2>'
        f'<span class="quiet">{held}</span></summary>{table(cards, say)}</details>'
    )
