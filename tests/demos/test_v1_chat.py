"""OpenAI's own client talks to the models that write: to a fake, and to the bundled Shakespeare."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import openai
import pytest
from fake_models import FakeModels
from fake_writers import POEM, VERSE
from served import PATIENCE, WORDS
from served_v1 import served_v1

from demos import visitors
from demos.v1 import chat, chat_request
from inference import Engine, Settings
from pretrained import catalog
from pretrained.text.piece import Piece

SHAKESPEARE = "text/shakespeare"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> FakeModels:
    return FakeModels(tmp_path_factory.mktemp("models"))


@pytest.fixture(scope="module")
def client(engine: FakeModels) -> Iterator[openai.OpenAI]:
    with served_v1(engine) as address:
        yield client_of(address)


def client_of(address: str, **headers: str) -> openai.OpenAI:
    return openai.OpenAI(
        base_url=f"{address}/v1", api_key="any", max_retries=0, timeout=PATIENCE,
        default_headers=headers,
    )  # fmt: skip


def said(client: openai.OpenAI, *contents: Any, model: str = SHAKESPEARE, **options: Any) -> Any:
    """The answer to a conversation, whose turns are the user's and the model's by turns."""
    messages = [
        {"role": "assistant" if number % 2 else "user", "content": content}
        for number, content in enumerate(contents)
    ]
    return client.chat.completions.create(model=model, messages=messages, **options)


def test_a_chat_is_answered_and_counted(client: openai.OpenAI, engine: FakeModels) -> None:
    answer = said(client, "ROMEO:\n", max_tokens=12, temperature=0.5, seed=3)
    assert answer.choices[0].message.content == VERSE[:12]
    assert answer.choices[0].finish_reason == "length"
    counted = answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens
    assert counted == (7, 12, 19)  # a token is a character
    assert answer.object == "chat.completion" and answer.model == SHAKESPEARE
    assert answer.seed == 3 and not hasattr(answer, "notes")
    key, prompt, options = engine.of["text"].begun[-1]
    assert (key, prompt) == (SHAKESPEARE, "ROMEO:\n")
    assert {"length": 12, "temperature": 0.5, "seed": 3}.items() <= options.items()


def test_a_chat_streams(client: openai.OpenAI) -> None:
    usage = {"include_usage": True}
    chunks = list(said(client, "a", max_tokens=12, stream=True, stream_options=usage))
    assert chunks[0].choices[0].delta.role == "assistant"
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1])
    assert text == VERSE[:12] and len(chunks) > 3
    reasons = [chunk.choices[0].finish_reason for chunk in chunks[:-1]]
    assert reasons[-1] == "length" and not any(reasons[:-1])
    assert not chunks[-1].choices and chunks[-1].usage.completion_tokens == 12
    assert len({chunk.id for chunk in chunks}) == 1


def test_without_being_asked_a_stream_tells_no_usage(client: openai.OpenAI) -> None:
    chunks = list(said(client, "a", max_tokens=5, stream=True))
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)


def test_a_completion_is_answered_and_streams(client: openai.OpenAI) -> None:
    asked: dict[str, Any] = {"model": "shakespeare", "prompt": "ROMEO:", "max_tokens": 9}
    answer = client.completions.create(**asked)
    assert answer.choices[0].text == VERSE[:9] and answer.object == "text_completion"
    chunks = list(client.completions.create(**asked, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == VERSE[:9]
    assert chunks[-1].choices[0].finish_reason == "length"


def test_a_poem_ends_by_itself(client: openai.OpenAI) -> None:
    answer = said(client, "", model="text/tang").choices[0]
    assert (answer.message.content, answer.finish_reason) == (POEM, "stop")


@pytest.mark.parametrize("stop", ["the night", ["long", "the night"], ["nothing", "the night"]])
@pytest.mark.parametrize("stream", [False, True])
def test_it_stops_before_a_text_that_was_named(
    client: openai.OpenAI, stop: Any, stream: bool
) -> None:
    answer = said(client, "a", max_tokens=100, stop=stop, stream=stream)
    if stream:
        chunks = list(answer)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        finish = chunks[-1].choices[0].finish_reason
    else:
        text, finish = answer.choices[0].message.content, answer.choices[0].finish_reason
    assert (text, finish) == (VERSE.partition("the night")[0], "stop")


@pytest.mark.parametrize("stop", ["", None, []])
@pytest.mark.parametrize("most", [5, 5.0, "5"])
def test_it_stops_where_it_must_if_no_text_is_named(
    client: openai.OpenAI, stop: Any, most: Any
) -> None:
    answer = said(client, "a", max_tokens=most, stop=stop)
    assert answer.choices[0].message.content == VERSE[:5]


def test_what_only_began_like_a_stop_is_written_all_the_same(client: openai.OpenAI) -> None:
    answer = said(client, "a", max_tokens=len(VERSE), stop=["here.\nX", "speak!"])
    assert answer.choices[0].message.content == VERSE


def test_a_conversation_is_gone_on_with(client: openai.OpenAI, engine: FakeModels) -> None:
    said(client, "ROMEO:", "Speak.", [{"type": "text", "text": "JULIET:"}], max_tokens=1)
    assert engine.of["text"].begun[-1][1] == "ROMEO:\nSpeak.\nJULIET:"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_what_is_not_read_is_told(client: openai.OpenAI, lang: str) -> None:
    def note(name: str, **fields: Any) -> str:
        return WORDS.say(lang, f"v1.note.{name}", **fields)

    messages: Any = [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"role": "user", "content": "x" * 2_001},
    ]
    answer: Any = client.with_options(
        default_headers={"accept-language": lang}
    ).chat.completions.create(
        model="text/tang", messages=messages, max_tokens=5_000, extra_body={"min_p": 0.1}, user="me"
    )  # fmt: skip
    assert answer.notes == [
        note("system"), note("earlier"), note("unknown", count=1, characters="x"),
        note("cut", most=2_000), note("unread", names="min_p"), note("longest", most=2_000),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("turns", "read", "told"),
    [
        (["user"], 1, False),
        (["assistant"], 0, True),
        (["user", "assistant"], 1, True),
        (["user", "user"], 1, True),
    ],
)
def test_of_a_conversation_a_poem_begins_with_the_users_last(
    client: openai.OpenAI, turns: list[str], read: int, told: bool
) -> None:
    messages: Any = [{"role": role, "content": "明"} for role in turns]
    answer: Any = client.chat.completions.create(model="text/tang", messages=messages)
    assert answer.usage.prompt_tokens == read
    note = WORDS.say("en", "v1.note.earlier")
    assert (note in getattr(answer, "notes", [])) == told


def test_a_line_end_is_one_character(client: openai.OpenAI) -> None:
    answer: Any = client.completions.create(model=SHAKESPEARE, prompt="ab\r\n" * 600, max_tokens=1)
    assert answer.usage.prompt_tokens == 1_800 and not hasattr(answer, "notes")


def test_characters_that_the_model_does_not_know_are_told(client: openai.OpenAI) -> None:
    answer: Any = said(client, "春眠", max_tokens=1, n=1)
    assert answer.notes == [WORDS.say("en", "v1.note.unknown", count=2, characters="春 眠")]


@pytest.mark.parametrize("nought", [0, "0", 0.0, "0.0"])
def test_the_likeliest_is_written_at_temperature_nought(
    client: openai.OpenAI, engine: FakeModels, nought: Any
) -> None:
    more = {"temperature": nought, "n": "1", "presence_penalty": "0"}
    said(client, "a", max_tokens=1, extra_body=more)
    assert engine.of["text"].begun[-1][2]["top_k"] == 1


def test_without_a_seed_one_is_drawn_and_told(client: openai.OpenAI, engine: FakeModels) -> None:
    answer = said(client, "a", max_tokens=1)
    assert answer.seed == engine.of["text"].begun[-1][2]["seed"]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    ("options", "code", "fields"),
    [
        ({"n": 2}, "v1_one_answer", {"sent": "2"}),
        ({"logprobs": True}, "v1_unsupported", {"name": "logprobs"}),
        ({"presence_penalty": 0.5}, "v1_unsupported", {"name": "presence_penalty"}),
        ({"response_format": {"type": "json_object"}}, "v1_unsupported",
         {"name": "response_format"}),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "v1_unsupported",
         {"name": "tools"}),
        ({"max_tokens": 0}, "bad_option", {"name": "max_tokens", "sent": 0, "allowed": "1–2000"}),
        ({"stop": [""]}, "v1_stop", {"most": 4, "length": 200}),
        ({"stop": ["a"] * 5}, "v1_stop", {"most": 4, "length": 200}),
    ],
)  # fmt: skip
def test_what_these_models_do_not_do_is_told(
    client: openai.OpenAI, lang: str, options: Any, code: str, fields: Any
) -> None:
    asking = client.with_options(default_headers={"accept-language": lang})
    with pytest.raises(openai.UnprocessableEntityError) as refused:
        said(asking, "a", **options)
    assert refused.value.body["code"] == code  # type: ignore[index]
    assert refused.value.body["message"] == WORDS.say(lang, f"error.{code}", **fields)  # type: ignore[index]


@pytest.mark.parametrize(
    "messages",
    [[], "hello", ["hello"], [{"role": "wizard", "content": "a"}],
     *([{"role": "user", "content": content}] for content in (1, 0, False, {})),
     [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://a"}}]}]],
)  # fmt: skip
def test_what_is_no_conversation_is_told(client: openai.OpenAI, messages: Any) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match="messages is no conversation"):
        client.chat.completions.create(model=SHAKESPEARE, messages=messages)


@pytest.mark.parametrize("prompt", [["a", "b"], [1, 2], {"a": 1}])
def test_what_is_no_prompt_is_told(client: openai.OpenAI, prompt: Any) -> None:
    with pytest.raises(openai.UnprocessableEntityError, match="prompt is no text"):
        client.completions.create(model=SHAKESPEARE, prompt=prompt)


@pytest.mark.parametrize(
    ("model", "told"),
    [
        ("gpt-4o", "no model called gpt-4o"),
        ("text/imagenet", "no model called text/imagenet"),
        ("classification/imagenet", "of another task: ask it at /v1/classify"),
        ("translation/en-fr", "of another task: ask it at /v1/translate"),
    ],
)
def test_a_model_that_does_not_write_is_told(client: openai.OpenAI, model: str, told: str) -> None:
    with pytest.raises(openai.NotFoundError, match=told):
        said(client, "a", model=model)


def test_an_error_in_a_stream_reaches_the_client(
    client: openai.OpenAI, engine: FakeModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine.of["text"], "breaking", RuntimeError("secret"))
    with pytest.raises(openai.APIError, match="report the number"):
        list(said(client, "a", stream=True))


def test_the_models_are_listed(client: openai.OpenAI, engine: FakeModels) -> None:
    assert {model.id for model in client.models.list()} == set(engine.entries)
    assert client.models.retrieve(SHAKESPEARE).id == SHAKESPEARE


def test_a_key_is_sent_as_these_clients_send_theirs(tmp_path: Any) -> None:
    with served_v1(FakeModels(tmp_path, api_key="a-long-key")) as address:
        with pytest.raises(openai.AuthenticationError, match="asks for a key"):
            client_of(address).models.list()
        assert list(client_of(address).with_options(api_key="a-long-key").models.list())


# ---- without a server --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "stop", "held"), [("ab", "bc", 1), ("abc", "x", 0), ("aa", "aab", 2), ("", "a", 0)]
)
def test_what_may_begin_a_stop_is_held_back(text: str, stop: str, held: int) -> None:
    assert chat.overlap(text, stop) == held


@pytest.mark.parametrize(("most", "text", "tokens"), [(3, "好", 3), (2, "", 0), (9, "好", 3)])
def test_tokens_that_came_together_are_not_taken_apart(
    engine: FakeModels, most: int, text: str, tokens: int
) -> None:
    """A piece of one Chinese character may be three tokens."""
    sent = {"model": SHAKESPEARE, "prompt": "a", "max_tokens": most}
    wanted = chat_request.asked(engine, sent, WORDS.speaker("en"), chat=False)  # type: ignore[arg-type]
    by_token = chat_request.Asked(**{**vars(wanted), "entry": engine.entries["text/now"]})
    piece = Piece("好", (0.1, 0.1, 0.1))
    assert chat.taken(piece, by_token, 0)[:2] == (text, tokens)


@pytest.mark.parametrize(
    ("key", "pieces", "stop", "text", "tokens"),
    [
        (SHAKESPEARE, [("Speak, speak", 12)], "k,", "Spea", 4),
        (SHAKESPEARE, [("Spe", 3), ("ak", 2)], "ea", "Sp", 2),
        (SHAKESPEARE, [("Speak", 5)], "S", "", 0),
        (SHAKESPEARE, [("Speak", 5)], "x", "Speak", 5),
        ("text/now", [("Spe", 1), ("ak, ", 2), ("speak", 1)], "sp", "Speak, ", 3),
        ("text/now", [("Spe", 1), ("ak, ", 2), ("speak", 1)], "pe", "S", 1),
        ("text/now", [("Spe", 1), ("", 0), ("ak", 1)], "ak", "Spe", 1),
        ("text/now", [("Speak", 2)], "S", "", 0),
    ],
)
async def test_what_was_written_and_not_sent_is_not_counted(
    engine: FakeModels, key: str, pieces: list[tuple[str, int]], stop: str, text: str, tokens: int
) -> None:
    """The engine gives many characters at a time."""

    async def stream(*_: Any, **__: Any) -> AsyncIterator[Piece]:
        for characters, count in pieces:
            yield Piece(characters, (0.1,) * count)

    sent = {"model": SHAKESPEARE, "prompt": "a", "stop": stop}
    asked = chat_request.asked(engine, sent, WORDS.speaker("en"), chat=False)  # type: ignore[arg-type]
    wanted = replace(asked, entry=engine.entries[key])
    steps = [step async for step in chat.steps(SimpleNamespace(stream=stream), wanted)]  # type: ignore[arg-type]
    assert ("".join(step.text for step in steps), steps[-1].tokens) == (text, tokens)


# ---- the bundled network -----------------------------------------------------------------------


def test_a_chat_client_talks_to_the_shakespeare_network() -> None:
    entry = catalog.entries()[SHAKESPEARE]
    engine = Engine({SHAKESPEARE: entry}, Settings(device="cpu"), caller=visitors.current)
    try:
        with served_v1(engine) as address:
            client = client_of(address)
            whole = said(client, "ROMEO:\n", max_tokens=60, seed=1, temperature=0.5)
            chunks = said(client, "ROMEO:\n", max_tokens=60, seed=1, temperature=0.5, stream=True)
            text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    finally:
        asyncio.run(engine.close())
    written = whole.choices[0].message.content
    assert len(written) == 60 and sum(c.isalpha() for c in written) > 30
    assert text == written and whole.usage.completion_tokens == 60


# ---- a model of tokens -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    """A tiny model with a chat template, in a real engine."""
    import tiny_causal
    import torch

    from pretrained.text.hub.network import build
    from pretrained.text.hub.serve import CausalWriter

    folder = tmp_path_factory.mktemp("tiny")
    tiny_causal.save(folder)

    def load(entry: Any, device: str, progress: Any) -> CausalWriter:
        network, tokens = build(folder, torch.device("cpu"))
        return CausalWriter(network, tokens, entry.key, "cpu")

    entry = catalog.Entry(
        key="text/tiny", task="text", title="Tiny", loader="none:load", licence="apache-2.0",
        bytes=1, parameters=1, folder=str(folder), max_batch=8,
    )  # fmt: skip
    engine = Engine({entry.key: entry}, Settings(device="cpu"), load=load, caller=visitors.current)
    with served_v1(engine) as address:
        yield client_of(address)
    asyncio.run(engine.close())


def test_such_a_model_is_given_the_turns_and_counts_tokens(tiny: openai.OpenAI) -> None:
    asked: dict[str, Any] = {"model": "text/tiny", "max_tokens": 7, "seed": 1}
    last = [{"role": "user", "content": "And now?"}]
    turns = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Why?"},
        {"role": "assistant", "content": "Rain."},
    ]
    alone = tiny.chat.completions.create(messages=last, **asked)  # type: ignore[arg-type]
    whole = tiny.chat.completions.create(messages=[*turns, *last], **asked)  # type: ignore[arg-type]
    assert whole.usage and alone.usage
    assert whole.usage.prompt_tokens > alone.usage.prompt_tokens + 20
    assert whole.choices[0].message.content != alone.choices[0].message.content
    assert not hasattr(whole, "notes")
    for answer in (alone, whole):
        assert answer.usage and 0 < answer.usage.completion_tokens <= 7


def test_of_a_long_conversation_it_is_told_what_was_not_read(tiny: openai.OpenAI) -> None:
    turns: Any = [{"role": "user", "content": "x" * 400} for _ in range(9)]
    chunks = tiny.chat.completions.create(
        model="text/tiny", messages=turns, max_tokens=2, stream=True
    )
    first: Any = next(iter(chunks))
    [note] = first.notes
    assert any(note == WORDS.say("en", "v1.note.turns", count=count) for count in range(1, 9))
