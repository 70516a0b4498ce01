"""What a caller of a named endpoint sends, before any callback sees it.

Gradio 6.31 answers what it cannot read itself, such as a path where a file belongs, with a
traceback in the log and nothing that helps the caller. Here it is a sentence; and an argument that
is left out has its default over plain HTTP too, as it has in gradio_client.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.i18n import I18nData
from gradio.utils import get_upload_folder

from demos import page, pictures
from demos.language import Say, Words
from demos.pictures import BadPicture
from inference.errors import Refusal


class NoFile(Refusal):
    """A text, or a path of no upload, where a file belongs. Fields: name (of the argument)."""

    code = "no_file"
    sentence = (
        "A file belongs in {name}, and this is none that was uploaded here: wrap the path with "
        'gradio_client.handle_file, or upload the file first and send {{"path": ...}} of it.'
    )


class BadArgument(Refusal):
    """What Gradio cannot read. Fields: name (of the argument)."""

    code = "argument"
    sentence = (
        "{name} cannot be read as it was sent: look under API, at the foot of the page, how it "
        "is called."
    )


class OutOfRange(Refusal):
    """A number beyond what a control allows. Fields: name (of the control), sent, least, most."""

    code = "out_of_range"
    sentence = "{name} is a number from {least} to {most}, and {sent} is none of these."


#: Of the visitor whose event is under way.
_say: ContextVar[Say] = ContextVar("say")


class Page(gr.Blocks):
    """The page, which says in the visitor's language what is wrong with what was sent."""

    def __init__(self, words: Words, **options: Any) -> None:
        super().__init__(**options)
        self.words = words

    async def process_api(
        self, block_fn: Any, inputs: list[Any], *more: Any, **named: Any
    ) -> dict[str, Any]:
        function = self.fns[block_fn] if isinstance(block_fn, int) else block_fn
        request = named.get("request", more[1] if len(more) > 1 else None)
        say = self.words.speaker(request)
        _say.set(say)
        try:
            if not function.batch:
                inputs = completed(function, inputs)
            return await super().process_api(block_fn, inputs, *more, **named)
        except Refusal as error:
            raise page.shown(error, say) from None

    async def preprocess_data(
        self, block_fn: BlockFunction, inputs: list[Any], *more: Any, **named: Any
    ) -> list[Any]:
        try:
            return await super().preprocess_data(block_fn, inputs, *more, **named)
        except Refusal:
            raise
        except Exception:
            raise told(block_fn, inputs) from None


def endpoint(
    answer: Callable[..., Any],
    arguments: Sequence[gr.components.Component],
    result: gr.components.Component,
    together: int,
) -> None:
    """Give a callback an API name, its own: components that are never seen, and the event behind.

    Args: together: how many calls may be under way at a time; see `demos.models.most_together`."""
    gr.Button(visible=False).click(
        answer,
        list(arguments),
        result,
        api_name=answer.__name__,
        preprocess=False,
        concurrency_limit=together,
    )


def completed(function: BlockFunction, sent: list[Any]) -> list[Any]:
    """The arguments of a named endpoint, those that were left out by their defaults; a data URL
    that was sent as plain text as Gradio has it.

    Raises:
        NoFile, BadPicture: a text, or a path that was not uploaded, stands where a file belongs.
    """
    if function.api_visibility != "public":
        return sent
    sent = [*sent]
    for at, (block, value) in enumerate(zip(function.inputs, sent, strict=False)):
        if not isinstance(block, (gr.Image, gr.File)):
            continue
        told = value.get("path") or value.get("url") if isinstance(value, dict) else value
        if not isinstance(told, str) or (isinstance(value, dict) and uploaded(value)):
            continue
        if pictures.is_data_url(told):
            pictures.of_data_url(told)
            sent[at] = {"url": told}
            continue
        if told.startswith(("http://", "https://")):
            raise BadPicture("picture_address")
        raise NoFile(name=name(block))
    return [*sent, *(getattr(block, "value", None) for block in function.inputs[len(sent) :])]


def uploaded(sent: dict[str, Any]) -> bool:
    """Whether a file is told as Gradio has it: a data URL, or a path among the uploads."""
    url, path = sent.get("url"), sent.get("path")
    if isinstance(url, str) and pictures.is_data_url(url):
        return True
    folder = Path(get_upload_folder()).resolve()
    try:
        return isinstance(path, str) and Path(path).resolve().is_relative_to(folder)
    except (ValueError, OSError):  # a zero byte, a name that is too long
        return False


def left_open(sent: object) -> bool:
    """Whether a caller left an argument to its default."""
    return sent is None or sent == ""


def told(function: BlockFunction, sent: list[Any]) -> Refusal:
    """Which argument Gradio could not read. It does not say: the first that its kind refuses."""
    for block, value in zip(function.inputs, sent, strict=False):
        model = getattr(block, "data_model", None)
        try:
            if model is not None and value is not None:
                model.model_validate(value, context={"validate_meta": True})
            elif isinstance(block, gr.components.Component):
                block.preprocess(value)
        except gr.Error:  # of Gradio's own bounds
            least, most = getattr(block, "minimum", None), getattr(block, "maximum", None)
            if least is None or most is None:
                return BadArgument(name=name(block))
            return OutOfRange(name=name(block), sent=str(value)[:40], least=least, most=most)
        except Exception:
            return BadArgument(name=name(block))
    return BadArgument(name=name(function.inputs[0]) if function.inputs else function.name)


def name(block: Any) -> str:
    """What an argument or a control is called, in the visitor's language."""
    label = getattr(block, "label", None)
    if isinstance(label, I18nData):
        return _say.get().plain(label.key)
    return str(label or type(block).__name__)
