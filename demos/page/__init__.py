"""What every tab shares: the four rooms, pieces of page, articles, errors.

A tab is `build(engine, words)` in `demos/<tab>/__init__.py`:

    with page.tab("classification", words):
        with page.room("try"): ...
        with page.room("inside"): ...
        with page.room("train"): ...
        with page.room("learn"):
        page.article("classification", words)
        page.questions("classification", words)
"""

from demos.page.articles import article, figure, fill, read_metrics
from demos.page.errors import beside, guard, option_of, refusal, sentence_of, shown, told
from demos.page.html import (
    bars,
    command,
    command_html,
    drawn,
    fact_groups,
    fact_groups_html,
    facts,
    hardware,
    learnt_from,
    note,
    percent,
    quiet,
    refusals,
    section,
    sentences,
    split,
    step,
    table,
    upload_guard,
    waiting,
)
from demos.page.layout import (
    KEPT,
    PICK,
    PRIVATE,
    ROOMS,
    SECRET,
    UNNAMED,
    carried,
    choices,
    footer,
    header,
    later,
    markup,
    room,
    tab,
    title,
)
from demos.page.questions import questions

__all__ = [
    "KEPT",
    "PICK",
    "PRIVATE",
    "ROOMS",
    "SECRET",
    "UNNAMED",
    "article",
    "bars",
    "beside",
    "carried",
    "choices",
    "command",
    "command_html",
    "drawn",
    "fact_groups",
    "fact_groups_html",
    "facts",
    "figure",
    "fill",
    "footer",
    "guard",
    "hardware",
    "header",
    "later",
    "learnt_from",
    "markup",
    "note",
    "option_of",
    "percent",
    "questions",
    "quiet",
    "read_metrics",
    "refusal",
    "refusals",
    "room",
    "section",
    "sentence_of",
    "sentences",
    "shown",
    "split",
    "step",
    "tab",
    "table",
    "title",
    "told",
    "upload_guard",
    "waiting",
]
