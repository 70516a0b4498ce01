"""The named endpoint ``/translate``: for gradio_client, MCP and curl."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import gradio as gr

from demos import page, streaming
from demos.inputs import endpoint
from demos.language import Words
from demos.models import check_here, most_together
from demos.translation import answers
from demos.translation.tryout.pane import located
from demos.translation.warnings import warnings
from inference import Engine
from inference.errors import Refusal
from pretrained.catalog import Entry
from pretrained.translation import columns, languages, scripts
from pretrained.translation.errors import BadBeams, NotTold, SameLanguage, UnknownDirection

MOST_BEAMS, MOST_DIGITS = 8, 20
SOURCE, TARGET = "en", "fr"
AUTO = "auto"  # a language that the text tells
#: What ``/translate`` gives; ``/v1/translate`` also tells of each sentence, and warns.
PARTS = ("translation", "alternatives", "source_tokens", "target_tokens", "attention")
#: What is told of each sentence: `pretrained.translation.answers.sentence` says what they are.
TOLD = ("source", "translation", "mean_probability", "read_back", "missing_numbers", "read_as")
MOST_CELLS = 250_000  # of the attention table: target tokens times source tokens of the whole text


def told(result: Mapping[str, Any]) -> dict[str, Any]:
    """An answer as the endpoint gives it: the sentences one after the other, attention as one table
    with zeros between a sentence and another. No table where it would have more than `MOST_CELLS`,
    or where a sentence has none."""
    sentences = result["sentences"]
    sources = [token for one in sentences for token in one["source_tokens"]]
    targets = [token for one in sentences for token in one["target_tokens"]]
    table, at = [], 0
    for one in sentences if len(sources) * len(targets) <= MOST_CELLS else ():
        width = len(one["source_tokens"])
        for row in one["attention"][: len(one["target_tokens"])]:
            table.append([0.0] * at + list(row) + [0.0] * (len(sources) - at - width))
        at += width
    return {
        "translation": result["translation"],
        "alternatives": alternatives(result),
        "source_tokens": sources,
        "target_tokens": targets,
        "attention": table if len(table) == len(targets) else [],
        "sentences": [{name: one[name] for name in TOLD if name in one} for one in sentences],
    }


def alternatives(result: Mapping[str, Any]) -> list[str]:
    """Whole texts: the second-best translation of every sentence that has one, then the third;
    none twice, and none that is the translation itself."""
    most = max((len(one["alternatives"]) for one in result["sentences"]), default=0)
    found = []
    for place in range(1, most):
        parts = []
        for text, one in located(result):
            other = one["alternatives"] if one else ()
            parts.append(other[place]["translation"] if place < len(other) else text)
        found.append("".join(parts))
    return [one for one in dict.fromkeys(found) if one != result["translation"]]


def checked_beams(sent: Any) -> int | None:
    """A number of beams; None for nothing or an empty text: the model's usual one. Raises
    `BadBeams`."""
    if sent is None or sent == "":
        return None
    whole = sent
    if isinstance(sent, str):
        whole = int(sent) if len(sent) <= MOST_DIGITS and sent.strip().isdecimal() else None
    right = isinstance(whole, int | float) and not isinstance(whole, bool)
    if not right or whole != whole or whole not in range(1, MOST_BEAMS + 1):
        raise BadBeams(sent=str(sent)[:20], most=MOST_BEAMS)
    return int(whole)


def checked_language(sent: Any, usual: str) -> str:
    """The code of a language as people write it: "FR", "fr-CA" and "French" are "fr", "zh-Hans-CN"
    is "zh"; what names none of ours stays as it is, to be named in the refusal."""
    if sent is None or sent == "":
        return usual
    plain = str(sent).strip().lower().replace("_", "-")[:20]
    return columns.code(plain) or columns.code(plain.partition("-")[0]) or plain


def read_in(text: str) -> str:
    """The language of a text that was sent as "auto".

    Raises:
        NotTold: nothing in it tells.
    """
    found = languages.noticed(text)
    if found is None:
        raise NotTold
    return found


def chosen(engine: Engine, model: Any, source: str, target: str) -> Entry:
    """The model that was asked for, or the bundled one for the direction.

    Raises:
        SameLanguage, UnknownDirection, UnknownModel.
    """
    direction = f"{source}-{target}"
    if source == target:
        raise SameLanguage(language=source)
    if model is not None and model != "":
        entry = answers.entry_of(engine, model)
        known = answers.directions(entry)
        if known and direction not in known:
            raise UnknownDirection(source=source, target=target, known=", ".join(known))
        return entry
    for entry in answers.known(engine, direction).values():
        return entry
    known = tuple(
        dict.fromkeys(
            one for e in answers.translators(engine).values() for one in answers.directions(e)
        )
    )
    raise UnknownDirection(source=source, target=target, known=", ".join(known))


async def translated(
    engine: Engine,
    text: Any,
    source: Any = SOURCE,
    target: Any = TARGET,
    model: Any = "",
    beams: Any = None,
) -> dict[str, Any]:
    """A text in another language: what `told` gives of it, and its ``warnings``. Raises a
    `Refusal`."""
    asked = answers.checked(text)
    width = checked_beams(beams)
    read, write = checked_language(source, SOURCE), checked_language(target, TARGET)
    if read == AUTO:
        read = read_in(asked)
    if write == AUTO:
        write = "fr" if read == "en" else "en"
    entry = chosen(engine, model, read, write)
    check_here(entry)
    now = await answers.translate(engine, entry, asked, read, write, beams=width)
    found = told(now.result) | {"warnings": warnings(asked, now.result)}
    if write == "zh" and scripts.is_traditional(str(target)):
        found["translation"] = scripts.traditional(found["translation"])
        found["alternatives"] = [scripts.traditional(one) for one in found["alternatives"]]
        found["target_tokens"] = scripts.traditional_pieces(found["target_tokens"])
        for one in found["sentences"]:
            one["translation"] = scripts.traditional(one["translation"])
    return found


def build(engine: Engine, words: Words) -> None:
    """Components that are never seen, and the event behind them."""
    text = gr.Textbox(visible=False, label="text")
    source = gr.Textbox(SOURCE, visible=False, label="source")
    target = gr.Textbox(TARGET, visible=False, label="target")
    model = gr.Textbox("", visible=False, label="model")
    beams = gr.Number(None, visible=False, label="beams")
    result = gr.JSON(visible=False, label="result")

    @streaming.event(words, None)
    def translate(
        text: Any,
        source: Any = SOURCE,
        target: Any = TARGET,
        model: Any = "",
        beams: Any = None,
        request: gr.Request = None,  # type: ignore[assignment]
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Translate a text. Sentences are translated one by one; line breaks are kept.

        Args:
            text: What to translate, at most 5,000 characters. Markup is text like any other.
            source: The language of the text: "en", "fr" or "zh" (also "en-US", "zh-CN",
                "Chinese"), or "auto": noticed by its letters and small words.
            target: The language to write, likewise; "auto": French for English, else English;
                "zh-TW" or "zh-Hant": Chinese in traditional characters.
            model: Key of a model, such as "translation/en-fr"; empty: the bundled one. A model
                that is not on this machine is refused: it is downloaded on the page only.
            beams: How many beginnings the search keeps (1 to 8); as many alternatives come of it.
                Usually 8 with the bundled networks, which read each one back and put first that
                which leads back best; 4 with others.

        Returns:
            "translation"; "alternatives", the next best translations of the whole text;
            "source_tokens" and "target_tokens", the pieces of words read and written; "attention",
            for each target token how much it looked at each source token (0 to 1): empty where
            the table would have more than 250,000 numbers (a text of about 500 tokens); Nothing
            until all is translated.
        """
        say = words.speaker(request)

        async def answer() -> dict[str, Any]:
            try:
                found = await translated(engine, text, source, target, model, beams)
                return {name: found[name] for name in PARTS}
            except Refusal as error:
                raise page.told(answers.sentence_of(error, say), say) from None

        return streaming.once(answer())

    endpoint(
        translate,
        [text, source, target, model, beams],
        result,
        most_together(answers.translators(engine).values()),
    )
