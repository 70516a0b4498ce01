"""Fine-tuning a Hub translator by the command that trains everything, then serving it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import rewound
import tiny_marian
import torch
from hub_standin import HubStandIn
from tiny_marian import ENTRY, HUB_ID
from typer.testing import CliRunner

from pretrained import catalog, checkpoint
from pretrained.__main__ import app
from pretrained.errors import BadCheckpoint, BadData
from pretrained.translation import data
from pretrained.translation.hub import serve, train
from pretrained.translation.hub.serve import MarianTranslator
from pretrained.translation.hub.train import FineTuneTask
from training.run import Run

tiny, many = tiny_marian.tiny, tiny_marian.many
WHO = {"I": "Je", "We": "Nous", "The student": "Le professeur", "The museum": "Le musée"}
DOES = {"read": "lis", "open": "ouvre", "run under": "coule sous", "am": "suis"}
WHAT = {"the letter": "la lettre", "the bridge": "le pont", "the river": "la rivière",
        "a coat": "un manteau"}  # fmt: skip
PAIRS = [
    (f"{a} {b} {c}.", f"{WHO[a]} {DOES[b]} {WHAT[c]}.") for a in WHO for b in DOES for c in WHAT
]
MANY = catalog.Entry(**{**vars(ENTRY), "key": "translation/m2m100"})


def table(file: Path, pairs: list[tuple[str, str]], times: int = 4, head: str = "") -> Path:
    file.write_text(head + "".join(f"{a}\t{b}\n" for a, b in pairs * times), "utf-8")
    return file


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    return table(tmp_path / "pairs.tsv", PAIRS)


@pytest.fixture
def base(hub: HubStandIn, tiny: Path) -> str:
    """The commit of the model to start from."""
    return hub.add_folder(HUB_ID, tiny)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The catalogue offers the tiny model alone."""
    monkeypatch.setattr(catalog, "entries", lambda: {ENTRY.key: ENTRY})


def test_learns_pairs_and_is_served_from_its_folder(
    hub: HubStandIn, base: str, tmp_path: Path, pairs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Random weights know nothing yet, so they learn faster than trained ones should.
    monkeypatch.setattr(train, "PEAK", 3e-3)
    out = train.train(ENTRY, pairs, tmp_path / "mine", Run(epochs=3, seed=1))
    hub.stop()  # from here on the folder must be enough

    entry = catalog.from_folder(out)
    assert entry.key == "translation/mine" and entry.licence == ENTRY.licence and entry.bundled
    seen: list[tuple[int, int]] = []
    tuned = entry.load("cpu", lambda *p: seen.append(p))
    assert seen[-1] == (entry.bytes, entry.bytes)
    assert tuned.directions == ("en-fr",)

    made = checkpoint.read_json(out, "metrics.json")["training"]
    assert made["held_out_nats"] < made["held_out_nats_before"] - 1
    assert made["held_out_bleu_en-fr"] >= 0 and made["held_out_bleu_en-fr_before"] >= 0
    aside = data.read(pairs, ("en", "fr")).held_out
    spelled = train.spelled(tuned.words, aside, ("en-fr",))
    again = FineTuneTask(tuned.network, tuned.words, [], spelled, 0).evaluate(tuned.network)
    assert again["held_out_nats"] == pytest.approx(made["held_out_nats"], abs=0.02)
    assert made["started_from"] == f"{HUB_ID} at {base}"
    assert "held_out_nats" in (out / "README.md").read_text("utf-8")
    assert (out / "history.jsonl").exists()
    (answer,) = tuned.predict(["I read the letter.\nWe open the bridge."])
    assert [one["source"] for one in answer["sentences"]] == [
        "I read the letter.",
        "We open the bridge.",
    ]


def test_a_training_that_is_watched_can_be_rewound(base: str, tmp_path: Path, pairs: Path) -> None:
    out = train.train(ENTRY, pairs, tmp_path / "mine", Run(epochs=1, watch=True))
    begun, learnt = rewound.ends(out)
    asked = ["I read the letter."]
    said, before = (model.predict(asked) for model in (begun, ENTRY.load("cpu")))
    assert said[0]["translation"] == before[0]["translation"]
    assert learnt.directions == ("en-fr",)


def test_what_is_served_is_what_was_learnt(tiny: Path, tmp_path: Path) -> None:
    told = json.loads((tiny / "config.json").read_text())
    network, words = serve.build(tiny, told, ("en-fr",))
    with torch.no_grad():
        for number, weight in enumerate(p for p in network.parameters() if p.requires_grad):
            generator = torch.Generator().manual_seed(number)
            weight += 0.1 * torch.randn(weight.shape, generator=generator)
    train.save(tmp_path, network, tiny)
    checkpoint.write_json(tmp_path, "config.json", {"key": "translation/mine"})
    again, _ = serve.build(tmp_path, told, ("en-fr",))
    ids = torch.tensor([[*words.spell("The river runs.", "en"), words.end]])
    start = torch.tensor([[words.start, 5, 6]])
    with torch.no_grad():
        expected = network(input_ids=ids, decoder_input_ids=start).logits
        found = again(input_ids=ids, decoder_input_ids=start).logits
        original, _ = serve.build(tiny, told, ("en-fr",))
        before = original(input_ids=ids, decoder_input_ids=start).logits
    torch.testing.assert_close(found, expected, atol=2e-2, rtol=2e-2)  # half precision on disk
    assert (before - expected).abs().max() > 0.5


def test_smoke_is_two_steps_and_goes_on(base: str, tmp_path: Path, pairs: Path) -> None:
    out = train.train(ENTRY, pairs, tmp_path / "smoke", Run(smoke=True))
    rows = [json.loads(line) for line in (out / "history.jsonl").read_text().splitlines()]
    assert rows[-1]["step"] == 2
    catalog.from_folder(out).load("cpu")
    train.train(ENTRY, pairs, out, Run(smoke=True, resume=True))
    assert (out / "history.jsonl").read_text().count("\n") == len(rows)  # it was done already


def test_the_commands_train_and_score_it(
    base: str, known: None, tmp_path: Path, pairs: Path
) -> None:
    out = tmp_path / "out"
    typed = ["train", ENTRY.key, "--data", str(pairs), "--out", str(out), "--smoke"]
    trained = CliRunner().invoke(app, typed)
    assert trained.exit_code == 0, trained.output
    assert catalog.from_folder(out).loader == "pretrained.translation.hub.serve:load_tuned"
    few = table(tmp_path / "few.tsv", PAIRS[:10], times=1)
    for more in ([], ["--checkpoint", str(out)]):
        scored = CliRunner().invoke(
            app, ["evaluate", ENTRY.key, "--data", str(few), "--json", *more]
        )
        assert scored.exit_code == 0, scored.output
        assert json.loads(scored.stdout.splitlines()[-1])["n"] == 10


def test_a_model_that_is_not_here_and_cannot_be_had(
    hub: HubStandIn, tmp_path: Path, pairs: Path
) -> None:
    from pretrained.errors import HubOffline

    hub.stop()
    with pytest.raises(HubOffline):
        train.train(ENTRY, pairs, tmp_path / "out", Run(smoke=True))
    assert not (tmp_path / "out").exists()


# ---- a model of many languages -----------------------------------------------------------------


def test_many_languages_learn_both_ways_between_two(
    hub: HubStandIn, many: Path, tmp_path: Path
) -> None:
    hub.add_folder(HUB_ID, many)
    chinese = [(english, "我是一名学生。") for english, _ in PAIRS]
    file = table(tmp_path / "zh.tsv", chinese, head="en\tzh\n")
    out = train.train(MANY, file, tmp_path / "many", Run(smoke=True))
    tuned = catalog.from_folder(out).load("cpu")
    assert tuned.directions == ("en-zh", "zh-en")
    tuned.predict(["我是一名学生。"], source="zh", target="en")
    made = checkpoint.read_json(out, "metrics.json")["training"]
    assert {"held_out_bleu_en-zh", "held_out_bleu_zh-en"} <= set(made)


def test_the_languages_of_pairs_are_read_from_them(tmp_path: Path) -> None:
    table(tmp_path / "a.tsv", PAIRS, head="en\tfr\n")
    assert train.languages_in(tmp_path / "a.tsv") == ("en", "fr")
    table(tmp_path / "b.tsv", PAIRS)
    with pytest.raises(BadData, match="names the languages"):
        train.languages_in(tmp_path / "b.tsv")
    folder = tmp_path / "set"
    folder.mkdir()
    rows = [json.dumps({"en": english, "zh": "我是一名学生。"}) for english, _ in PAIRS * 4]
    for split in ("train", "validation"):
        (folder / f"{split}.jsonl").write_text("\n".join(rows), "utf-8")
    assert train.languages_in(folder) == ("en", "zh")


def test_both_sides_begin_and_end_with_their_marks(many: Path, tiny: Path) -> None:
    def words(folder: Path, direction: str) -> serve.PieceWords:
        told = json.loads((folder / "config.json").read_text())
        return serve.PieceWords(folder, told, (direction,))

    two = [("I am a student.", "Je suis étudiant.")]
    for folder in (many, tiny):
        known = words(folder, "en-fr")
        ((source, target),) = train.spelled(known, two, ("en-fr",))
        assert source[-1] == target[-1] == known.end
        assert source[: len(source) - 1] == [
            *known.lead("en", "fr"),
            *known.spell("I am a student.", "en"),
        ]
        assert target[: len(known.begin("fr"))] == known.begin("fr")
        assert known.decode(target) == "Je suis étudiant."
    turned = words(tiny, "fr-en")
    ((source, target),) = train.spelled(turned, two, ("fr-en",))
    assert turned.decode(target) == "I am a student."


# ---- folders that are not whole ----------------------------------------------------------------


def test_a_folder_that_is_not_whole(base: str, tmp_path: Path, pairs: Path) -> None:
    out = train.train(ENTRY, pairs, tmp_path / "mine", Run(smoke=True))
    for number, name in enumerate(("source.spm", "vocab.json")):
        less = shutil.copytree(out, tmp_path / f"less{number}")
        (less / name).unlink()
        with pytest.raises(BadCheckpoint):
            catalog.from_folder(less).load("cpu")
    config = checkpoint.read_json(out, "config.json")
    for change in ({"network": None}, {"directions": []}, {"network": {"model_type": "bert"}}):
        checkpoint.write_json(out, "config.json", {**config, **change})
        with pytest.raises(BadCheckpoint):
            catalog.from_folder(out).load("cpu")


def test_the_folder_holds_no_pickle_to_take_home(base: str, tmp_path: Path, pairs: Path) -> None:
    out = train.train(ENTRY, pairs, tmp_path / "mine", Run(smoke=True))
    taken = shutil.copytree(out, tmp_path / "home", ignore=shutil.ignore_patterns("state.pt"))
    kinds = {".json", ".jsonl", ".safetensors", ".md", ".spm"}
    assert {f.suffix for f in taken.iterdir()} <= kinds
    assert not any(f.is_symlink() for f in taken.iterdir())
    assert isinstance(catalog.from_folder(taken).load("cpu"), MarianTranslator)


@pytest.mark.parametrize("content", ["", "one sentence\n", "a\tb\n" * 20])
def test_pairs_that_cannot_be_learnt_from(base: str, tmp_path: Path, content: str) -> None:
    file = tmp_path / "bad.tsv"
    file.write_text(content)
    with pytest.raises(BadData):
        train.train(ENTRY, file, tmp_path / "out", Run(smoke=True))


@pytest.mark.parametrize("split", ["train", "validation"])
def test_pairs_that_are_all_too_long(base: str, tmp_path: Path, split: str) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    for name in ("train", "validation"):
        long = "a " * (train.LONGEST + 1)  # a word is a token or more
        pairs = [
            (long, french) if name == split else (english, french) for english, french in PAIRS
        ]
        table(folder / f"{name}.tsv", pairs, head="en\tfr\n")
    with pytest.raises(BadData, match=f"set/{split} has at most {train.LONGEST} tokens"):
        train.train(ENTRY, folder, tmp_path / "out", Run(smoke=True))
    assert not (tmp_path / "out").exists()
