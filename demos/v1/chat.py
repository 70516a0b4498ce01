"""``/v1/chat/completions`` and ``/v1/completions``: the models that write, in the shape that
OpenAI's clients speak (https://platform.openai.com/docs/api-reference).

A token is what the model writes at a time: a character of our own networks, a piece of a word of
the others. What is sent is checked in `chat_request`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from demos import models
from demos.language import Say
from demos.v1 import sse
from demos.v1.chat_request import Asked
from inference import Engine
from pretrained.catalog import Entry
from pretrained.text import alphabet
from pretrained.text.options import MOST_PROMPT
from pretrained.text.piece import Piece


@dataclass(frozen=True)
class Step:
    """Some more of the text; at the end why it ended ("stop" or "length"). ``tokens`` so far."""

    text: str
    tokens: int
    finish_reason: str | None = None


async def steps(engine: Engine, wanted: Asked) -> AsyncGenerator[Step, None]:
    """The text as it grows, until it ends by itself, at a text of ``stops``, or after ``most``
    tokens. What may be the beginning of such a text is held back until it is known."""
    held, count, characters, broken = "", 0, 0, False
    ends: list[tuple[int, int]] = []  # of each piece: the characters and the tokens until there
    wish = wanted.wish
    options = dict(wish.options) | ({"before": wanted.before} if wanted.before else {})
    async with aclosing(engine.stream(wish.key, wish.prompt, **options)) as pieces:
        async for piece in pieces:
            text, more, full = taken(piece, wanted, count)
            count, held = count + more, held + text
            characters += len(text)
            ends.append((characters, count))
            broken = broken or piece.cut
            places = [at for at in map(held.find, wanted.stops) if at >= 0]
            if places:
                sent = characters - len(held) + min(places)
                count = sent if wanted.by_character else tokens_until(sent, ends)
                yield Step(held[: min(places)], count, "stop")
                return
            if full:
                yield Step(held, count, "length")
                return
            keep = max((overlap(held, stop) for stop in wanted.stops), default=0)
            if len(held) > keep:
                yield Step(held[: len(held) - keep], count)
                held = held[len(held) - keep :]
    over = broken or characters >= wanted.wish.options["length"]
    yield Step(held, count, "length" if over else "stop")


def taken(piece: Piece, wanted: Asked, count: int) -> tuple[str, int, bool]:
    """(its text, its tokens, whether nothing more may come) of a piece after ``count`` tokens."""
    more = len(piece.text) if wanted.by_character else len(piece.nats)
    if wanted.most is None or count + more < wanted.most:
        return piece.text, more, False
    left = wanted.most - count
    if more == left:
        return piece.text, more, True
    # Characters are cut where they must; a word's pieces that come together are not taken apart.
    return (piece.text[:left], left, True) if wanted.by_character else ("", 0, True)


def tokens_until(sent: int, ends: Sequence[tuple[int, int]]) -> int:
    """How many tokens so many characters took: the one that they end within counts."""
    return next(tokens for characters, tokens in ((0, 0), *ends) if characters >= sent)


def overlap(text: str, stop: str) -> int:
    """How many characters at the end of a text may be the beginning of ``stop``."""
    longest = min(len(text), len(stop) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(stop[:n])), 0)


async def ready(engine: Engine, wanted: Asked, say: Say) -> tuple[int, list[str]]:
    """Load the model. (How many tokens it reads: characters that it knows, or as its tokeniser
    counts; all notes.)"""
    await engine.preload(wanted.wish.key)
    known = alphabet.of(wanted.entry)
    if known is not None:
        return len(known.known(wanted.wish.prompt)[-MOST_PROMPT:]), list(wanted.notes)
    read = await engine.predict(
        wanted.wish.key, wanted.wish.prompt, view="prompt_tokens", before=wanted.before
    )
    notes = list(wanted.notes)
    if read["left_out"]:
        notes.append(say.plain("v1.note.turns", count=read["left_out"]))
    return int(read["tokens"]), notes


# ---- the shape ---------------------------------------------------------------------------------


async def whole(engine: Engine, wanted: Asked, say: Say) -> dict[str, Any]:
    """The answer in one piece."""
    read, notes = await ready(engine, wanted, say)
    text, last = "", Step("", 0)
    async with aclosing(steps(engine, wanted)) as written:
        async for last in written:
            text += last.text
    said: dict[str, Any] = {"text": text}
    if wanted.chat:
        said = {"message": {"role": "assistant", "content": text, "refusal": None}}
    return head(wanted) | {
        "choices": [choice(last.finish_reason, **said)],
        "usage": usage(read, last.tokens),
        **more(wanted, notes),
    }


async def events(engine: Engine, wanted: Asked, say: Say) -> AsyncGenerator[bytes, None]:
    """The answer as it grows, as server-sent events."""
    read, notes = await ready(engine, wanted, say)
    last = Step("", 0)
    first: dict[str, Any] = {"delta": {"role": "assistant", "content": ""}}
    opening = head(wanted, chunk=True) | {"choices": [choice(None, **first)]}
    opening |= more(wanted, notes)
    async with aclosing(steps(engine, wanted)) as written:
        async for last in written:
            if opening and wanted.chat:
                yield sse.event(opening)
            told = {} if wanted.chat or not opening else more(wanted, notes)
            opening = {}
            if last.text or last.finish_reason:
                said: dict[str, Any] = {"text": last.text}
                if wanted.chat:
                    said = {"delta": {"content": last.text} if last.text else {}}
                choices = [choice(last.finish_reason, **said)]
                yield sse.event(head(wanted, chunk=True) | {"choices": choices} | told)
    if wanted.usage:
        counted = usage(read, last.tokens)
        yield sse.event(head(wanted, chunk=True) | {"choices": [], "usage": counted})
    yield sse.event("[DONE]")


def head(wanted: Asked, chunk: bool = False) -> dict[str, Any]:
    """What every answer and every piece of one begins with."""
    kind = "text_completion"
    if wanted.chat:
        kind = "chat.completion.chunk" if chunk else "chat.completion"
    id = f"{'chatcmpl' if wanted.chat else 'cmpl'}-{wanted.id}"
    return {"id": id, "object": kind, "created": wanted.created, "model": wanted.wish.key}


def choice(finish_reason: str | None, **said: Any) -> dict[str, Any]:
    return {"index": 0, **said, "logprobs": None, "finish_reason": finish_reason}


def usage(read: int, written: int) -> dict[str, int]:
    return {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
    }


def more(wanted: Asked, notes: Sequence[str]) -> dict[str, Any]:
    """What OpenAI's shape has no place for: the seed that writes the same again, and notes."""
    found: dict[str, Any] = {"seed": wanted.wish.options["seed"]}
    return found | ({"notes": list(notes)} if notes else {})


def models_list(entries: Mapping[str, Entry], say: Say) -> list[dict[str, Any]]:
    """Every model, as OpenAI's clients list them, and what there is to know besides. ``created`` is
    asked for by their shape and not known here."""
    return [
        {
            "id": entry.key,
            "object": "model",
            "created": 0,
            "owned_by": entry.hub_id.partition("/")[0] if entry.hub_id else "breakthroughs",
            "task": entry.task,
            "title": say.model(entry),
            "licence": entry.licence,
            "bytes": entry.bytes,
            "parameters": entry.parameters,
            "here": models.on_disk(entry),
        }
        for entry in entries.values()
    ]
