"""Fine-tuning a Hub language model by the command that trains everything, then serving it."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import rewound
import tiny_causal
import torch
from hub_standin import HubStandIn
from tiny_causal import ENTRY, HUB_ID, SENTENCES
from typer.testing import CliRunner

from pretrained import catalog, checkpoint
from pretrained.__main__ import app
from pretrained.errors import BadCheckpoint, BadData
from pretrained.lora import merge
from pretrained.text.hub import serve, train
from pretrained.text.hub.network import build
from pretrained.text.hub.serve import CausalWriter
from pretrained.text.hub.train import Adapter
from training.run import Run

tiny = tiny_causal.tiny
LINES = (SENTENCES[0], SENTENCES[1], SENTENCES[3])


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """Sentences over and over: whoever learns from them knows what comes next."""
    file = tmp_path / "mine.txt"
    file.write_text("\n".join(LINES * 12), "utf-8")
    return file


@pytest.fixture
def base(hub: HubStandIn, tiny: Path) -> str:
    """The commit of the model to start from."""
    return hub.add_folder(HUB_ID, tiny)


def nats(model: CausalWriter, text: str) -> float:
    (found,) = model.predict([text], view="nll")
    return sum(found["nats"])


def test_a_training_that_is_watched_can_be_rewound(
    base: str, tmp_path: Path, text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, "PEAK", 1e-2)
    monkeypatch.setattr(train, "WINDOW", 64)
    out = train.train(ENTRY, text, tmp_path / "mine", Run(epochs=1, watch=True))
    begun, learnt = rewound.ends(out)
    assert nats(begun, LINES[1]) == pytest.approx(nats(ENTRY.load("cpu"), LINES[1]), abs=1e-3)
    assert nats(learnt, LINES[1]) < nats(begun, LINES[1]) - 1


def test_learns_a_text_and_is_served_from_its_folder(
    hub: HubStandIn, base: str, tmp_path: Path, text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Random weights know nothing yet, so they learn faster than trained ones should.
    monkeypatch.setattr(train, "PEAK", 1e-2)
    monkeypatch.setattr(train, "WINDOW", 64)
    out = train.train(ENTRY, text, tmp_path / "mine", Run(epochs=6, seed=1))
    hub.stop()  # from here on the two folders must be enough

    entry = catalog.from_folder(out)
    assert entry.key == "text/mine" and entry.licence == ENTRY.licence and entry.bundled
    assert entry.bytes < 200_000  # the changes only
    seen: list[tuple[int, int]] = []
    learnt = entry.load("cpu", lambda *p: seen.append(p))
    before = serve.load(ENTRY, "cpu", lambda done, total: None)
    assert nats(learnt, LINES[1]) < nats(before, LINES[1]) - 5
    assert seen[-1] == (entry.bytes, entry.bytes)

    made = checkpoint.read_json(out, "metrics.json")["training"]
    assert made["held_out_nats_per_char"] < made["held_out_nats_per_char_before"]
    assert made["started_from"] == f"{HUB_ID} at {base}"
    assert "held_out_nats_per_char" in (out / "README.md").read_text("utf-8")
    assert (out / "history.jsonl").exists()

    state = learnt.begin("The river", length=20)  # a beginning, not a question
    assert learnt.tokens.tokenizer.decode(state.unread) == "<|endoftext|>The river"
    while not state.done:
        learnt.step([state])


def test_what_is_served_is_what_was_learnt(
    base: str, tiny: Path, tmp_path: Path, text: Path
) -> None:
    """The merged model answers as the one with the adapter beside it did in training."""
    network, tokens = build(tiny, torch.device("cpu"), attention="sdpa")
    adapter = Adapter.of(network)
    with torch.no_grad():
        for number, weight in enumerate(adapter.weights):
            generator = torch.Generator().manual_seed(number)
            weight.copy_(torch.randn(weight.shape, generator=generator) * 0.1)
    ids = torch.tensor([tokens.encode("The river runs under the bridge.")])
    with torch.no_grad():
        expected = adapter(ids)
        plain, _ = build(tiny, torch.device("cpu"), attention="sdpa")
        original = plain(ids).logits
        checkpoint.save_weights(tmp_path, adapter.state())
        weights = checkpoint.load_weights(tmp_path)
        merge(plain, weights, train.SCALE)
        merged = plain(ids).logits
    assert (expected - original).abs().max() > 0.1
    torch.testing.assert_close(merged, expected, atol=5e-3, rtol=5e-3)  # half precision on disk


def test_peft_reads_what_is_written(tiny: Path) -> None:
    import peft

    network, _ = build(tiny, torch.device("cpu"), attention="sdpa")
    adapter = Adapter.of(network)
    assert set(adapter.state()) == set(peft.get_peft_model_state_dict(adapter._base[0]))


def test_an_untrained_adapter_changes_nothing(tiny: Path) -> None:
    network, tokens = build(tiny, torch.device("cpu"), attention="sdpa")
    ids = torch.tensor([tokens.encode("The museum opens at nine.")])
    with torch.no_grad():
        expected = network(ids).logits
        torch.testing.assert_close(Adapter.of(network)(ids), expected)


def test_copies_of_an_adapter_share_the_base_and_nothing_else(tiny: Path) -> None:
    network, _ = build(tiny, torch.device("cpu"), attention="sdpa")
    adapter = Adapter.of(network)
    twin = deepcopy(adapter)
    assert twin._base[0] is adapter._base[0]
    assert not {id(p) for p in twin.parameters()} & {id(p) for p in adapter.parameters()}
    learnt = sum(p.numel() for p in adapter.parameters())
    assert sum(v.numel() for v in adapter.state_dict().values()) == learnt
    adapter(torch.tensor([[5, 6, 7]])).sum().backward()
    assert all(p.grad is not None for p in adapter.parameters())
    assert all(p.grad is None for p in twin._base[0].parameters())


def test_smoke_is_two_steps_and_goes_on(base: str, tmp_path: Path, text: Path) -> None:
    out = train.train(ENTRY, text, tmp_path / "smoke", Run(smoke=True))
    rows = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    assert rows[-1]["step"] == 2
    catalog.from_folder(out).load("cpu")
    train.train(ENTRY, text, out, Run(smoke=True, resume=True))
    assert (out / "history.jsonl").read_text().count("\n") == len(rows)  # it was done already


def test_the_command_trains_it(
    base: str, tmp_path: Path, text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalog, "entries", lambda: {ENTRY.key: ENTRY})
    out = tmp_path / "out"
    typed = ["train", ENTRY.key, "--data", str(text), "--out", str(out), "--smoke"]
    monkeypatch.setattr(sys, "argv", ["pretrained", *typed])
    assert CliRunner().invoke(app, typed).exit_code == 0
    made = checkpoint.read_json(out, "metrics.json")["training"]
    assert made["command"] == f"python -m pretrained {shlex.join(typed)}" and made["updates"] == 2


def test_without_its_base_it_says_what_is_missing(
    hub: HubStandIn, base: str, tmp_path: Path, text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = train.train(ENTRY, text, tmp_path / "mine", Run(smoke=True))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "empty"))
    asked = len(hub.requests)
    with pytest.raises(BadCheckpoint, match=f"hf download {HUB_ID} --revision {base}"):
        catalog.from_folder(out).load("cpu")
    assert len(hub.requests) == asked  # nothing is downloaded unasked


@pytest.mark.parametrize(
    "change",
    [
        {"base": None},
        {"base": {"hub_id": HUB_ID}},
        {"lora": {"scale": "much"}},
        {"lora": []},
    ],
    ids=str,
)
def test_a_configuration_that_tells_too_little(
    base: str, tmp_path: Path, text: Path, change: dict[str, Any]
) -> None:
    out = train.train(ENTRY, text, tmp_path / "mine", Run(smoke=True))
    checkpoint.write_json(
        out, "config.json", {**checkpoint.read_json(out, "config.json"), **change}
    )
    with pytest.raises(BadCheckpoint, match="train it again"):
        catalog.from_folder(out).load("cpu")


def test_changes_that_do_not_fit(base: str, tmp_path: Path, text: Path) -> None:
    out = train.train(ENTRY, text, tmp_path / "mine", Run(smoke=True))
    weights = checkpoint.load_weights(out)
    some = next(iter(weights))
    others = (
        {**weights, "model.embed_tokens.weight": torch.zeros(2, 2)},
        {n: w for n, w in weights.items() if n != some},
        {n: torch.zeros(3, 5) if n == some else w for n, w in weights.items()},
        {n.replace("layers.0", "layers.9"): w for n, w in weights.items()},
    )
    for wrong in others:
        checkpoint.save_weights(out, wrong)
        with pytest.raises(BadCheckpoint, match="do not fit"):
            catalog.from_folder(out).load("cpu")


# ---- data --------------------------------------------------------------------------------------


def test_texts_come_from_files_lines_and_folders(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    one, two, three = "a" * 500, "月" * 400, "line\n" * 90
    (tmp_path / "deep" / "b.txt").write_text("\ufeff" + three, "utf-8")
    lines = [json.dumps({"text": t, "more": 1}) for t in (one, two, "  ")]
    (tmp_path / "deep" / "er" / "c.jsonl").write_text("\n".join(lines) + "\n\n", "utf-8")
    (tmp_path / "deep" / "picture.png").write_bytes(b"\x89PNG")
    (tmp_path / "deep" / "er" / "._c.jsonl").write_bytes(b"\x00\x05\x16\x07")
    (tmp_path / "deep" / "__MACOSX").mkdir()
    (tmp_path / "deep" / "__MACOSX" / "b.txt").write_bytes(b"\xff")
    texts, told = train.documents(tmp_path / "deep")
    assert texts == [three, one, two]
    assert told == [
        "hidden files left out: 2",
        "files left out that are no texts: 1 (picture.png)",
        "empty texts left out: 1 (c.jsonl)",
    ]
    (tmp_path / "one.txt").write_text(one * 3, "utf-8")
    assert train.documents(tmp_path / "one.txt") == ([one * 3], [])


@pytest.mark.parametrize("name", ["a.ndjson", "a.JSONL", "a.json", "a.jsonlines"])
def test_objects_of_every_json_file_are_texts_of_their_own(tmp_path: Path, name: str) -> None:
    rows: list[dict[str, str]] = [{"text": "a" * 600}, {"text": "b" * 500 + "\ud83d"}]
    lines = json.dumps(rows) if name == "a.json" else "\n".join(map(json.dumps, rows))
    (tmp_path / name).write_text(lines, "utf-8")
    assert train.documents(tmp_path / name) == (["a" * 600, "b" * 500], [])
    assert train.documents(tmp_path) == (["a" * 600, "b" * 500], [])


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.txt", b"short", "too few"),
        ("a.txt", b"\xff\xfe" * 2000 + b"x", "UTF-8"),
        ("a.jsonl", b'{"text": "a"}\n{"txt": "b"}\n', "line 2"),
        ("a.jsonl", b"[1]\n", "object 1"),
        ("a.jsonl", b'{"text": 3}\n', "line 1"),
        ("a.png", b"", "no file in it"),
    ],
)
def test_texts_that_cannot_be_learnt_from(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadData, match=reason):
        train.documents(tmp_path)
    with pytest.raises(BadData, match="no such file"):
        train.documents(tmp_path / "elsewhere")


def test_windows_predict_every_token_and_leave_none_out() -> None:
    for length, total in ((4, 13), (4, 14), (5, 6), (9, 4)):
        rows = train.windows(torch.arange(total), length)
        assert set(rows[:, 1:].flatten().tolist()) == set(range(1, total))
        assert torch.equal(rows[:, 1:], rows[:, :-1] + 1)


def test_what_is_kept_aside_is_not_learnt(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By position: the text is one long run of numbers that occur once."""
    file = tmp_path / "numbers.txt"
    file.write_text(" ".join(str(n) for n in range(1000, 1700)), "utf-8")
    seen = {}

    def look(task: Any, *_: Any, **__: Any) -> None:
        seen["learn"], seen["aside"] = task.train, task.held_out
        raise KeyboardInterrupt

    monkeypatch.setattr(train.loop, "fit", look)
    with pytest.raises(KeyboardInterrupt):
        train.train(ENTRY, file, tmp_path / "out")
    network, tokens = build(tiny_folder(base, tmp_path), torch.device("cpu"))
    del network
    learnt = "".join(tokens.decode(row[1:].tolist()) for row in seen["learn"])
    aside = "".join(tokens.decode(row[1:].tolist()) for row in seen["aside"])
    assert "1699" in aside and "1000" in learnt
    numbers = {n for n in range(1000, 1700) if f" {n} " in aside}
    assert numbers and not any(f" {n} " in learnt for n in numbers)


def tiny_folder(base: str, tmp_path: Path) -> Path:
    return tmp_path / "hub" / f"models--{HUB_ID.replace('/', '--')}" / "snapshots" / base


def test_the_folder_holds_no_pickle_to_take_home(base: str, tmp_path: Path, text: Path) -> None:
    out = train.train(ENTRY, text, tmp_path / "mine", Run(smoke=True))
    taken = shutil.copytree(out, tmp_path / "home", ignore=shutil.ignore_patterns("state.pt"))
    assert {f.suffix for f in taken.iterdir()} <= {".json", ".jsonl", ".safetensors", ".md"}
    catalog.from_folder(taken).load("cpu")
