"""What a client sends to ``/v1/chat/completions`` and ``/v1/completions``, checked.

What OpenAI's shape has and our models have not is refused where it would change the answer; what
was left out of what they read is told under ``notes``.
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from demos import models
from demos.inputs import left_open
from demos.language import Say
from demos.text import answers
from demos.text.tryout import answering, writing
from demos.text.tryout.writing import Wish
from demos.v1 import bodies
from demos.v1.endpoints import check_task
from inference import Engine
from inference.errors import BadInput
from pretrained.catalog import Entry
from pretrained.text import alphabet
from pretrained.text.options import BOUNDS, MOST_PROMPT, BadOption

Turn = tuple[str, str]  # who says it ("system", "user", "assistant"), and what
MOST_STOPS, MOST_STOP = 4, 200  # texts at which to stop, and characters of one
LONGEST = int(BOUNDS["length"][1])  # characters
ROLES = ("system", "developer", "user", "assistant")
#: What these models do not do, and the values with which nothing is asked for.
NEUTRAL: Mapping[str, Sequence[Any]] = {
    "tools": (None, []),
    "tool_choice": (None, "none", "auto"),
    "functions": (None, []),
    "function_call": (None, "none", "auto"),
    "logprobs": (None, False),
    "top_logprobs": (None, 0),
    "logit_bias": (None, {}),
    "presence_penalty": (None, 0),
    "frequency_penalty": (None, 0),
    "response_format": (None, {"type": "text"}),
    "modalities": (None, ["text"]),
    "audio": (None,),
    "suffix": (None, ""),
    "echo": (None, False),
    "best_of": (None, 1),
}
#: What is read, and what changes no answer of ours.
READ = ("model", "messages", "prompt", "max_tokens", "max_completion_tokens", "temperature",
        "top_p", "top_k", "seed", "stop", "n", "stream", "stream_options")  # fmt: skip
IDLE = ("user", "metadata", "store", "service_tier", "parallel_tool_calls", "prompt_cache_key",
        "safety_identifier", "reasoning_effort", "verbosity", "prediction")  # fmt: skip


class Unsupported(BadInput):
    """Fields: name."""

    code = "v1_unsupported"
    sentence = "The models here have no {name}: leave it out."


class OneAnswer(BadInput):
    """More than one answer, or none. Fields: sent."""

    code = "v1_one_answer"
    sentence = "One request has one answer, not {sent}: set n to 1 and send several requests."


class BadMessages(BadInput):
    code = "v1_messages"
    sentence = (
        "messages is no conversation: send a list of objects, each with a role (user, assistant or "
        "system) and a content that is text."
    )


class BadPrompt(BadInput):
    code = "v1_prompt"
    sentence = "prompt is no text: send one text, such as ROMEO:, and no list of several."


class BadStop(BadInput):
    """Fields: most, length."""

    code = "v1_stop"
    sentence = (
        "stop is one text, or a list of at most {most}, each of 1 to {length} characters: send "
        "such."
    )


@dataclass(frozen=True)
class Asked:
    """A request, checked.

    Attributes:
        most: tokens after which to stop; None: where the text ends by itself.
        entry: the model.
        before: earlier turns of a conversation, for a model that reads them as such.
        notes: what was not read as it was sent, a sentence each.
    """

    wish: Wish
    entry: Entry
    most: int | None
    stops: tuple[str, ...]
    notes: tuple[str, ...]
    before: tuple[Turn, ...]
    chat: bool
    stream: bool
    usage: bool
    id: str = field(default_factory=lambda: secrets.token_hex(12))
    created: int = field(default_factory=lambda: int(time.time()))

    @property
    def by_character(self) -> bool:
        """Whether a token is a character."""
        return alphabet.of(self.entry) is not None


def asked(engine: Engine, sent: Mapping[str, Any], say: Say, chat: bool) -> Asked:
    """What a client wants written.

    Raises:
        Refusal: UnknownModel, OtherTask, NotHere, Unsupported, OneAnswer, BadMessages, BadPrompt,
            BadStop, BadOption.
    """
    for name, neutral in NEUTRAL.items():
        if number(sent.get(name)) not in neutral:
            raise Unsupported(name=name)
    if number(sent.get("n")) not in (None, 1):
        raise OneAnswer(sent=str(sent["n"])[:20])
    model = sent.get("model")
    check_task(engine, answers.TASK, model)
    entry = answers.entry_of(engine, answers.SHAKESPEARE if left_open(model) else model)
    notes: list[str] = []
    before: list[Turn] = []
    if chat:
        prompt, before, left_out = of_messages(entry, sent.get("messages"))
        notes += [say.plain(f"v1.note.{name}") for name in left_out]
    else:
        prompt = of_prompt(sent.get("prompt"))
    read, count = answers.received(prompt)
    if answering.whole_poem(entry, answers.laid_out(entry, read)):
        notes.append(say.plain("v1.note.whole"))
    if unknown := answers.unknown_in(entry, prompt):
        listed = answers.in_a_row(unknown)
        notes.append(say.plain("v1.note.unknown", count=len(unknown), characters=listed))
    if count > len(read):
        notes.append(say.plain("v1.note.cut", most=MOST_PROMPT))
    unread = [name for name in sent if name not in (*READ, *IDLE, *NEUTRAL)]
    if unread:
        notes.append(say.plain("v1.note.unread", names=", ".join(unread)[:200]))
    most = most_tokens(sent)
    if most is not None and most > LONGEST:
        notes.append(say.plain("v1.note.longest", most=LONGEST))
        most = LONGEST
    options = {name: sent.get(name) for name in ("temperature", "top_p", "top_k", "seed")}
    if number(options["temperature"]) == 0 and options["temperature"] is not False:
        options |= {"temperature": 1.0, "top_k": 1}  # always the likeliest
    options["length"] = most if alphabet.of(entry) else LONGEST
    wish = writing.wished(entry, prompt, **options)
    models.check_here(entry)
    asked_usage = sent.get("stream_options")
    return Asked(
        wish=wish,
        entry=entry,
        most=most,
        stops=checked_stops(sent.get("stop")),
        notes=tuple(notes),
        chat=chat,
        stream=bodies.streams(sent.get("stream"), usual=False),
        before=tuple(before),
        usage=isinstance(asked_usage, dict) and asked_usage.get("include_usage") is True,
    )


def number(sent: Any) -> Any:
    """A number that was sent as text, as forms send all, as a number; anything else as it is."""
    if isinstance(sent, str):
        with contextlib.suppress(ValueError):
            sent = float(sent)
    return int(sent) if isinstance(sent, float) and sent.is_integer() else sent


def of_prompt(sent: Any) -> str:
    """The text to be continued. Raises `BadPrompt`."""
    if isinstance(sent, list) and len(sent) == 1:
        [sent] = sent
    if sent is not None and not isinstance(sent, str):
        raise BadPrompt
    return sent or ""


def of_messages(entry: Entry, sent: Any) -> tuple[str, list[Turn], list[str]]:
    """(what a model goes on with, the turns before it, which notes say what is not read).

    A model of tokens is given the conversation turn by turn. A character network goes on with what
    was said so far, all turns one after the other; a poem stands alone: there the user's last is
    read.

    Raises:
        BadMessages: it is no conversation.
    """
    if not isinstance(sent, list) or not sent:
        raise BadMessages
    turns = [turn(each) for each in sent]
    if alphabet.of(entry) is None:
        last = turns[-1][1] if turns[-1][0] == "user" else ""
        return last, turns[:-1] if last else turns, []
    said = [text for role, text in turns if role != "system"]
    left_out = ["system"] if len(said) < len(turns) else []
    if answers.writes_poems(entry):
        read = [text for role, text in turns if role == "user"][-1:]
        return "".join(read), [], [*left_out, *(["earlier"] if len(said) > len(read) else [])]
    return "\n".join(said), [], left_out


def turn(sent: Any) -> Turn:
    """(role, text) of one message, whose content may come in parts. Raises `BadMessages`."""
    if not isinstance(sent, dict) or sent.get("role") not in ROLES:
        raise BadMessages
    content = sent.get("content")
    content = "" if content is None else content
    parts = content if isinstance(content, list) else [{"type": "text", "text": content}]
    texts = [part.get("text") if isinstance(part, dict) else None for part in parts]
    if not all(isinstance(text, str) for text in texts):  # a picture, say
        raise BadMessages
    role = "system" if sent["role"] == "developer" else sent["role"]
    return role, "".join(map(str, texts))


def most_tokens(sent: Mapping[str, Any]) -> int | None:
    """``max_completion_tokens``, or ``max_tokens`` as it was called before. Raises `BadOption`."""
    for name in ("max_completion_tokens", "max_tokens"):
        value = number(sent.get(name))
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise BadOption(name=name, sent=repr(value)[:40], allowed=f"1–{LONGEST}")
        return value
    return None


def checked_stops(sent: Any) -> tuple[str, ...]:
    """The texts at which to stop. Raises `BadStop`."""
    found = [] if left_open(sent) else [sent] if isinstance(sent, str) else sent
    right = isinstance(found, list) and len(found) <= MOST_STOPS
    if not right or not all(isinstance(one, str) and 0 < len(one) <= MOST_STOP for one in found):
        raise BadStop(most=MOST_STOPS, length=MOST_STOP)
    return tuple(found)
