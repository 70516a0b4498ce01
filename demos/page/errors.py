"""What went wrong, as a visitor reads it: one sentence that names the fix, or an id."""

from __future__ import annotations

import functools
import html as html_text
import inspect
import logging
import secrets
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any

import gradio as gr
from gradio.context import LocalContext

from demos import logs
from demos.language import Say, Words, reasons
from pretrained import catalog
from pretrained.errors import Refusal

log = logging.getLogger(__name__)


def guard(words: Words) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator for callbacks: what was refused is said in the visitor's language; what nobody
    expected is logged with an id, and only the id is shown. Takes functions, coroutines and
    generators of both kinds, and leaves the signature as Gradio reads it."""

    def decorate(fn: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.isasyncgenfunction(fn):

            @functools.wraps(fn)
            async def wrapped(*args: Any, **kwargs: Any) -> Any:
                try:
                    async with aclosing(fn(*args, **kwargs)) as values:
                        async for value in values:
                            yield value
                except Exception as error:
                    raise shown(error, said_here(words)) from None

        elif inspect.iscoroutinefunction(fn):

            @functools.wraps(fn)
            async def wrapped(*args: Any, **kwargs: Any) -> Any:
                try:
                    return await fn(*args, **kwargs)
                except Exception as error:
                    raise shown(error, said_here(words)) from None

        elif inspect.isgeneratorfunction(fn):

            @functools.wraps(fn)
            def wrapped(*args: Any, **kwargs: Any) -> Any:
                try:
                    yield from fn(*args, **kwargs)
                except Exception as error:
                    raise shown(error, said_here(words)) from None

        else:

            @functools.wraps(fn)
            def wrapped(*args: Any, **kwargs: Any) -> Any:
                try:
                    return fn(*args, **kwargs)
                except Exception as error:
                    raise shown(error, said_here(words)) from None

        return wrapped

    return decorate


def said_here(words: Words) -> Say:
    """The words in the language of the visitor whose request is being answered."""
    return words.speaker(LocalContext.request.get(None))


def shown(error: Exception, say: Say) -> gr.Error:
    """`error` as the visitor meets it: one sentence that names the fix, or an id."""
    if isinstance(error, gr.Error):
        return error
    if isinstance(error, Refusal):
        logs.refused(error.code)
        heading, sentence = "page.refused", sentence_of(error, say)
    else:
        id = secrets.token_hex(4)
        log.error("unexpected error %s", id, exc_info=error)
        heading, sentence = "page.failed", say.plain("error.unexpected", id=id)
    return told(sentence, say, heading)


def told(sentence: str, say: Say, heading: str = "page.refused") -> gr.Error:
    """A sentence as a message of the page, under its heading."""
    return gr.Error(
        html_text.escape(sentence, quote=False),
        title=say.plain(heading),
        duration=12,
        print_exception=False,
    )


def sentence_of(error: Refusal, say: Say) -> str:
    """A refusal in the visitor's language, a model by its name there; its own English where the
    house has no words for it."""
    try:
        # What is not known here keeps what was sent: a name in its place would say otherwise.
        unknown = error.code in ("unknown_model", "unknown_entry")
        fields = error.fields if unknown else named(say, reasons.fields(error.fields, say.lang))
        sentence = say.plain(f"error.{error.code}", **fields)
        sentence = reasons.of_one(sentence) if say.lang == "en" else sentence
        return beside(sentence, str(fields.get("model")))
    except (KeyError, IndexError):
        log.warning("no words for error.%s with %s", error.code, sorted(error.fields))
        return str(error)


def option_of(
    error: Refusal, say: Say, names: str, bounds: Mapping[str, tuple[float, float, bool]]
) -> str:
    """A refusal, an option named as the page names it.

    Args: names: where its words stand. bounds: of each the least, the most, whether it is whole."""
    name = str(error.fields.get("name"))
    if error.code != "bad_option" or name not in bounds:
        return sentence_of(error, say)
    least, most, whole = bounds[name]
    return say.plain(
        f"text.option.{'whole' if whole else 'number'}",
        name=say.plain(f"{names}.{name}"),
        sent=error.fields["sent"],
        least=f"{least:g}",
        most=f"{most:.10g}",
    )


def named(say: Say, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a refusal, with the name of a model of ours in place of its key or Hub id."""
    known = catalog.entries().values()
    found = next((e for e in known if fields.get("model") in (e.key, e.hub_id or e.key)), None)
    return {**fields} | ({"model": say.model(found)} if found else {})


def beside(said: str, name: str) -> str:
    """Chinese puts a blank beside a foreign name, and none beside one of its own."""
    said = said.replace(f" {name}", name) if name[:1] >= "一" else said
    return said.replace(f"{name} ", name) if name[-1:] >= "一" else said


def refusal(say: Say, error: Refusal) -> str:
    """Why there is no answer, where the answer would have stood."""
    logs.refused(error.code)
    sentence = sentence_of(error, say)
    return f'<p class="refusal" role="alert">{html_text.escape(sentence)}</p>'
