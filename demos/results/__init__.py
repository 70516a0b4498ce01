"""Results: is it any good? Charts, then the models folded, then every figure that the app claims.

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

#: The script is fetched when somebody measures again, or opens a model where that may go on.
MOUNT = """const script = () => import(new URL('house/results.js', document.baseURI));
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
            return (
                f"{charts.drawn(say)}{fold.drawn(say, jobs, folder)}"
                f'<section class="claims" aria-labelledby="results-claims">'
                f'<h2 id="results-claims">{say("results.claims")}</h2>'
                f"{table(catalog.cards(), say)}</section>"
            )

        page.later(words, render, shown)
