"""A zip that comes back is believed nothing: what was tampered with is refused, in words."""

from __future__ import annotations

import json
import random
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from home_bench import KINDS, content, job_folder, reconfigured, repacked

from demos.language import LANGUAGES, Words
from jobs import errors
from jobs.take_home import packed, unpacked
from pretrained import catalog, checkpoint
from pretrained.errors import Refusal


def header(told: bytes, numbers: bytes = b"") -> bytes:
    return struct.pack("<Q", len(told)) + told + numbers


def tensor(shape: list[int], size: int, kind: str = "F16") -> bytes:
    told = {"head.weight": {"dtype": kind, "shape": shape, "data_offsets": [0, size]}}
    return json.dumps(told).encode()


WEIGHTS = {
    "nothing": b"",
    "cut off": b"\0\0\0",
    "a pickle": b"\x80\x04\x95" + b"x" * 100,
    "a header longer than the file": struct.pack("<Q", 2**40) + b"{}",
    "no JSON": header(b"{nothing"),
    "a list": header(b"[]"),
    "deep": header(b"[" * 100_000),
    "bytes that are no text": header(b"\xff\xfe"),
    "a shape that is not there": header(tensor([2**20, 2**20], 8), b"\0" * 8),
    "a negative shape": header(tensor([-4], 8), b"\0" * 8),
    "numbers behind the end": header(tensor([4], 8), b"\0" * 4),
    "numbers that nobody names": header(tensor([4], 8), b"\0" * 16),
    "a kind that is none": header(tensor([4], 8, "PICKLE"), b"\0" * 8),
    "a name twice": header(
        b'{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},'
        b'"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'
    ),
    "two in one place": header(
        b'{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},'
        b'"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}',
        b"\0" * 6,
    ),
    "no offsets": header(b'{"a":{"dtype":"U8","shape":[4]}}'),
}


@pytest.mark.parametrize("what", WEIGHTS)
def test_weights_that_were_tampered_with(what: str, plain: Path, tmp_path: Path) -> None:
    zip = repacked(plain, tmp_path / "bad.zip", model__safetensors=WEIGHTS[what])
    refused(zip, tmp_path, errors.ModelWeights)


CONFIGS: dict[str, dict[str, Any]] = {
    "another network": {"widths": [8, 16]},
    "more layers": {"widths": [8, 12, 12]},
    "wide": {"widths": [8, 10**9]},
    "many labels": {"labels": ["x"] * 10_001},
    "one label too few": {"labels": ["a", "b"], "classes": 2},
    "a huge picture": {"size": 10**6},
    "a picture of no size": {"size": 0},
    "a temperature of nothing": {"temperature": 0},
    "a huge number": {"parameters": 10**400},
    "a long text": {"description": "x" * 100_000},
    "another task": {"key": "text/mine"},
    "no task": {"key": "../../etc/mine"},
    "no key": {"key": 7},
    "a title that is a list": {"title": ["x"]},
    "a batch of a million": {"max_batch": 10**6},
    "a loader of another module": {"loader": "os:system"},
    "a function that loads nothing": {"loader": "pretrained.catalog:find"},
}


@pytest.mark.parametrize("what", CONFIGS)
def test_configs_that_were_tampered_with(what: str, plain: Path, tmp_path: Path) -> None:
    zip = reconfigured(plain, tmp_path / "bad.zip", **CONFIGS[what])
    refused(zip, tmp_path, errors.ModelConfig, errors.ModelKind)


@pytest.mark.parametrize(
    "config", [b"", b"[]", b"{", b"null", b"\xff", b"[" * 100_000, b'{"key": NaN}', b"{}"]
)
def test_a_config_that_cannot_be_read(config: bytes, plain: Path, tmp_path: Path) -> None:
    zip = repacked(plain, tmp_path / "bad.zip", config__json=config)
    refused(zip, tmp_path, errors.ModelConfig, errors.ModelKind)


def test_a_curve_holds_numbers_alone(plain: Path, tmp_path: Path) -> None:
    row = {"epoch": 1, "loss": 2.5, "held_out_<img src=x>": 1.0, "told": "<b>", "big": 10**400}
    history = b"no JSON\n[]\n" + json.dumps(row).encode() + b"\n" + b"[" * 100_000
    zip = repacked(plain, tmp_path / "odd.zip", history__jsonl=history)
    held = (unpacked(zip, tmp_path / "back") / "history.jsonl").read_text()
    assert held == '{"epoch": 1, "loss": 2.5}\n'


@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        ("text", {"hidden": 10**9}),
        ("text", {"hidden": 64}),
        ("text", {"layers": 3}),
        ("text", {"layers": 10**9}),
        ("text", {"cell": "rnn"}),
        ("text", {"embedding": 10**5}),
        ("images/faces-gan", {"latent": 10**9}),
        ("images/faces-gan", {"width": 5}),
        ("images/faces-gan", {"discriminator_width": 10**6}),
        ("images/faces-diffusion", {"widths": [16, 32, 32]}),
        ("images/faces-diffusion", {"widths": [16, 4096]}),
        ("images/faces-diffusion", {"widths": [17, 33]}),
        ("images/faces-diffusion", {"blocks": 10**9}),
        ("images/faces-diffusion", {"blocks": 2}),
        ("images/faces-diffusion", {"finish": 10**9}),
        ("images/faces-diffusion", {"finish": 16}),
    ],
)
def test_networks_larger_than_their_weights(
    tmp_path: Path, kind: str, changed: dict[str, Any]
) -> None:
    file = packed(job_folder(tmp_path / "jobs" / "one", KINDS[kind][0]), onnx=False)
    told = json.loads(content(file)["config.json"])
    bad = reconfigured(file, tmp_path / "bad.zip", architecture={**told["architecture"], **changed})
    refused(bad, tmp_path, errors.ModelConfig)


def test_vocabularies_that_split_in_another_way(tmp_path: Path) -> None:
    """A pattern of a stranger's may never come to an end."""
    out = job_folder(tmp_path / "jobs" / "one", KINDS["translation/en-fr"][0])
    file = packed(out, onnx=False)
    text = content(file)["tokenizer.json"]

    def no(change: Callable[[dict[str, Any]], Any]) -> None:
        told = json.loads(text)
        change(told)
        bad = repacked(file, tmp_path / "bad.zip", tokenizer__json=json.dumps(told).encode())
        refused(bad, tmp_path, errors.ModelConfig)

    def endless(told: dict[str, Any]) -> None:
        told["pre_tokenizer"]["pretokenizers"][0]["pattern"] = {"Regex": "(a+)+$"}

    no(endless)
    no(lambda told: told["model"].update(type="Unigram"))
    no(lambda told: told["model"]["vocab"].update(x=10**6))
    no(lambda told: told["model"]["vocab"].pop("</s>"))
    no(lambda told: told["added_tokens"][0].update(id=10**6))
    bad = repacked(file, tmp_path / "bad.zip", tokenizer__json=None)
    refused(bad, tmp_path, errors.ModelConfig)


def test_metrics_that_the_page_could_not_show(plain: Path, tmp_path: Path) -> None:
    told = {"key": "x", "results": [], "training": 5, "held_out": {"before": {"top1": "high"}}}
    odd = repacked(plain, tmp_path / "odd.zip", metrics__json=json.dumps(told).encode())
    back = unpacked(odd, tmp_path / "back")
    assert checkpoint.read_json(back, "metrics.json") == {"key": "x", "results": []}
    shutil.rmtree(back)
    broken = b'{"results": [{"metrics": 5}]}'
    refused(repacked(plain, odd, metrics__json=broken), tmp_path, errors.ModelConfig)


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors"])
def test_what_is_missing_is_said(missing: str, plain: Path, tmp_path: Path) -> None:
    zip = repacked(plain, tmp_path / "bad.zip", **{missing.replace(".", "__"): None})
    refused(zip, tmp_path, errors.ModelConfig)


@pytest.mark.parametrize(
    "loader", ["pretrained.text.hub.serve:load_tuned", "pretrained.onnx:exported", 5, None]
)
def test_what_cannot_be_checked_is_not_loaded(loader: str, plain: Path, tmp_path: Path) -> None:
    zip = reconfigured(plain, tmp_path / "bad.zip", loader=loader, key="text/mine")
    refused(zip, tmp_path, errors.ModelKind)


@pytest.mark.parametrize(
    "name",
    ["model.pt", "evil.py", "more/config.json", "model.bin", "statistics.safetensors", "plugin.so"],
)
def test_files_that_no_zip_of_ours_has(name: str, plain: Path, tmp_path: Path) -> None:
    zip = repacked(plain, tmp_path / "bad.zip", **{name.replace(".", "__"): b"x"})
    refused(zip, tmp_path, errors.ModelForeign)


@pytest.mark.parametrize("name", ["../up.json", "/etc/up.json", "..\\up.json", "a/../../up.json"])
def test_nothing_leaves_its_folder(name: str, plain: Path, tmp_path: Path) -> None:
    bad = Path(shutil.copy(plain, tmp_path / "bad.zip"))
    with zipfile.ZipFile(bad, "a") as archive:
        archive.writestr(name, b"{}")
    refused(bad, tmp_path, errors.ZipUnsafe)
    assert not list(tmp_path.parent.rglob("up.json"))


def test_links_bombs_locks_and_what_is_no_zip(plain: Path, tmp_path: Path) -> None:
    link = Path(shutil.copy(plain, tmp_path / "link.zip"))
    with zipfile.ZipFile(link, "a") as archive:
        entry = zipfile.ZipInfo("model/probes.safetensors")
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    refused(link, tmp_path, errors.ZipUnsafe)

    bomb = Path(shutil.copy(plain, tmp_path / "bomb.zip"))
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/probes.safetensors", b"\0" * 20_000_000)
    refused(bomb, tmp_path, errors.ZipBomb)

    locked = tmp_path / "locked.zip"
    held = bytearray(plain.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = held.index(mark)
        held[at + place] |= 1
    locked.write_bytes(held)
    refused(locked, tmp_path, errors.ZipEncrypted)

    other = tmp_path / "other.zip"
    other.write_bytes(b"GIF89a")
    refused(other, tmp_path, errors.ZipUnreadable)
    other.write_bytes(plain.read_bytes()[:-2000])
    refused(other, tmp_path, errors.ZipUnreadable)
    refused(Path(shutil.copy(plain, tmp_path / "model.txt")), tmp_path, errors.ZipUnreadable)


def test_more_than_the_host_allows(plain: Path, tmp_path: Path) -> None:
    with pytest.raises(errors.DataTooLarge):
        unpacked(plain, tmp_path / "back", most_mb=0)
    history = b'{"epoch": 1, "loss": 1.0}\n' * 700_000
    big = repacked(plain, tmp_path / "big.zip", history__jsonl=history)
    refused(big, tmp_path, errors.DataTooLarge)


def test_bits_that_turned_over_load_or_are_refused(plain: Path, tmp_path: Path) -> None:
    chance = random.Random(0)
    weights = bytearray(content(plain)["model.safetensors"])
    (length,) = struct.unpack("<Q", weights[:8])
    for n in range(60):
        held = bytearray(weights)
        held[chance.randrange(8 + length)] ^= 1 << chance.randrange(8)
        zip = repacked(plain, tmp_path / f"{n}.zip", model__safetensors=bytes(held))
        try:
            folder = unpacked(zip, tmp_path / f"{n}")
        except Refusal:
            continue
        try:
            catalog.from_folder(folder).load("cpu")
        except Refusal:
            continue


def refused(zip: Path, place: Path, *kinds: type[Refusal]) -> None:
    """One of these, in words of both languages, without a place of the server, leaving nothing."""
    before = {path for path in place.iterdir()}
    with pytest.raises(kinds) as caught:
        unpacked(zip, place / "back", "mine.zip" if zip.suffix == ".zip" else zip.name)
    words = Words()
    for lang in LANGUAGES:
        sentence = words.say(lang, f"error.{caught.value.code}", **caught.value.fields)
        assert str(place) not in sentence and "{" not in sentence
    assert {path for path in place.iterdir()} == before
