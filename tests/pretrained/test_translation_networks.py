"""A network for each direction: served, trained, kept and taken home as one model."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file
from tiny_translators import ENGLISH, FRENCH, tiny, vocabulary
from typer.testing import CliRunner

from jobs import moments
from pretrained import __main__ as command_line
from pretrained import catalog, checkpoint
from pretrained.errors import BadCheckpoint, BadData
from pretrained.translation import networks, tasks, train
from pretrained.translation.errors import SameLanguage
from pretrained.translation.reranking import Channel
from pretrained.translation.stepper import Stepper
from training.run import Run

PIECES = vocabulary()


@pytest.fixture
def apart(tmp_path):
    return tiny(tmp_path / "apart", separate=True)


def pairs_file(folder):
    path = folder / "mine.tsv"
    rows = [f"{a} {n}\t{b} {n}\n" for n in range(10) for a, b in zip(ENGLISH, FRENCH, strict=True)]
    path.write_text("en\tfr\n" + "".join(rows), "utf-8")
    return path


def test_each_direction_has_a_file_of_its_own(apart):
    found = [load_file(apart / name) for name in ("model.safetensors", "reverse.safetensors")]
    assert [{name.split(".")[0] for name in tensors} for tensors in found] == [{"fr"}, {"en"}]
    network, config, _ = networks.load(apart)
    assert config["directions"] == ["en-fr", "fr-en"] and set(network) == {"fr", "en"}
    (apart / "reverse.safetensors").unlink()
    with pytest.raises(BadCheckpoint, match="do not fit"):
        networks.load(apart)


def test_each_direction_answers_as_its_network_would_alone(apart):
    both = catalog.from_folder(apart).load("cpu")
    together = both.predict(
        [
            {"text": text, "source": source, "target": target}
            for texts, source, target in ((ENGLISH, "en", "fr"), (FRENCH, "fr", "en"))
            for text in texts
        ],
        beams=1,
    )
    alone, net = [], networks.load(apart)[0]
    for language, direction, texts in (("fr", "en-fr", ENGLISH), ("en", "fr-en", FRENCH)):
        config = {**both.config, "directions": [direction]}
        one = type(both)(networks.writing(net, language), PIECES, config, "cpu", both.seen)
        alone += one.predict(texts, beams=1)
    assert together == alone
    assert both.bytes == 2 * one.bytes


def test_a_translation_is_read_back_by_the_other_network(apart):
    both = catalog.from_folder(apart).load("cpu")
    english = networks.writing(networks.load(apart)[0], "en")
    back = Channel(Stepper(english, PIECES.never), PIECES)
    [answer] = both.predict([ENGLISH[0]], beams=4)
    [told] = answer["sentences"]
    source = [*PIECES.encode(told["source"]), PIECES.end]
    ways = told["alternatives"]
    backs = back([PIECES.encode(way["translation"]) for way in ways], [source] * len(ways), "en")
    order = sorted(range(len(ways)), key=lambda n: backs[n])
    assert order == sorted(range(len(ways)), key=lambda n: ways[n]["back"])


def test_a_network_reads_both_languages_for_their_meaning(apart):
    """Two networks have two spaces: states are compared within one."""
    both = catalog.from_folder(apart).load("cpu")
    [alone] = both.predict([ENGLISH[0]], source="en", target="fr", view="inside")
    state = alone["sentences"][0]["state"]
    read = {
        target: both.predict([ENGLISH[0]], source="en", target=target, view="meaning")
        for target in ("fr", "en")
    }
    assert read["fr"][0]["sentences"] == [[state]] != read["en"][0]["sentences"]
    french = networks.writing(networks.load(apart)[0].eval(), "fr")
    _, meaning = french.encode(torch.tensor([[*PIECES.encode(FRENCH[0]), PIECES.end]]))
    [told] = both.predict([FRENCH[0]], source="fr", target="fr", view="meaning")
    assert told["sentences"][0][0] == pytest.approx(meaning[0].tolist(), abs=2e-3)
    with pytest.raises(SameLanguage):
        both.predict([FRENCH[0]], source="fr", target="fr")
    with pytest.raises(SameLanguage):
        both.predict([FRENCH[0]], source="zh", target="zh", view="meaning")


def test_a_batch_is_of_one_direction_and_teaches_one_network(apart):
    both, _, _ = networks.load(apart)
    pairs = [(a, b) for a, b in zip(ENGLISH, FRENCH, strict=True)] * 4
    rows = [(a, b, "fr") for a, b in pairs] + [(b, a, "en") for a, b in pairs]
    task = tasks.PairsTask(both, PIECES, rows, rows, "cpu", tokens=200)
    for batch in task.batches(0, 0.0):
        [mark] = set(batch[1][:, 0].tolist())
        both.zero_grad()
        task.loss(both, batch).backward()
        taught = {name.split(".")[0] for name, p in both.named_parameters() if p.grad is not None}
        assert [PIECES.marks[language] for language in taught] == [mark]
    alone = {
        language: tasks.PairsTask(
            networks.writing(both, language), PIECES, own, own, "cpu", tokens=200
        ).evaluate(networks.writing(both, language))["held_out_nats"]
        for language in ("fr", "en")
        if (own := [row for row in rows if row[2] == language])
    }
    whole = task.evaluate(both)["held_out_nats"]
    assert min(alone.values()) < whole < max(alone.values())


def test_one_direction_is_taught_and_the_other_stays(tmp_path, monkeypatch, apart):
    entry = catalog.from_folder(apart, "translation/en-fr")
    monkeypatch.setattr(catalog, "entries", lambda: {entry.key: entry})
    out = tmp_path / "mine"
    run = Run(epochs=2, watch=True)
    train.train(entry.key, pairs_file(tmp_path), out, run, direction="fr-en")
    for name, same in (("model.safetensors", True), ("reverse.safetensors", False)):
        old, new = load_file(apart / name), load_file(out / name)
        assert old.keys() == new.keys()
        assert all(torch.equal(old[tensor], new[tensor]) for tensor in old) is same
    config = checkpoint.read_json(out, "config.json")
    assert config["directions"] == ["en-fr", "fr-en"] and config["architecture"]["separate"]
    told = checkpoint.read_json(out, "metrics.json")["held_out"]
    assert "chrf_en" in str(told) and "chrf_fr" not in str(told)
    # Rewind: a moment has the weights of both.
    first = moments.listed(out)[0]
    translator = catalog.from_folder(moments.folder_of(out, first.name)).load("cpu")
    assert translator.directions == ("en-fr", "fr-en")
    translator.predict([{"text": FRENCH[0], "source": "fr", "target": "en"}])


def test_a_shared_network_knows_no_more_than_it_was_taught(tmp_path, monkeypatch):
    entry = catalog.from_folder(tiny(tmp_path / "base"), "translation/en-fr")
    monkeypatch.setattr(catalog, "entries", lambda: {entry.key: entry})
    mine = pairs_file(tmp_path)
    out = train.train(entry.key, mine, tmp_path / "one", Run(smoke=True), direction="fr-en")
    assert checkpoint.read_json(out, "config.json")["directions"] == ["fr-en"]
    assert not (out / "reverse.safetensors").exists()
    fresh = Run(smoke=True, scratch=True)
    out = train.train(entry.key, mine, tmp_path / "new", fresh, direction="fr-en")
    assert checkpoint.read_json(out, "config.json")["directions"] == ["fr-en"]
    assert not (out / "reverse.safetensors").exists()
    catalog.from_folder(out).load("cpu").predict([FRENCH[0]])
    with pytest.raises(BadData, match="knows en-fr and fr-en"):
        train.train(entry.key, mine, tmp_path / "no", Run(smoke=True), direction="en-zh")


def test_the_recipe_parts_a_shared_network_into_two_that_say_the_same(tmp_path):
    shared, _, pieces = networks.load(tiny(tmp_path / "shared"))
    recipe = train.RECIPES["translation/en-fr"]
    recipe = train.replace(
        recipe,
        vocabulary=len(pieces),
        architecture={"embedding": 16, "hidden": 48, "separate": True},
    )
    _, parted = train.grown(pieces, shared, [], recipe, recipe.directions)
    source = torch.tensor([[*pieces.encode(ENGLISH[0]), pieces.end]])
    for language in ("fr", "en"):
        given = torch.tensor([[pieces.marks[language], *pieces.encode(FRENCH[0])]])
        one, two = shared.eval(), networks.writing(parted, language).eval()
        said = [net.logits(net(source, given)) for net in (one, two)]
        assert torch.allclose(*said, atol=1e-4)


def test_the_command_line_names_a_direction(tmp_path, monkeypatch, apart):
    entry = catalog.from_folder(apart, "translation/en-fr")
    monkeypatch.setattr(catalog, "entries", lambda: {entry.key: entry})
    asked = ["--data", str(pairs_file(tmp_path)), "--smoke", "--direction", "fr-en"]
    out = tmp_path / "out"
    done = CliRunner().invoke(command_line.app, ["train", entry.key, *asked, "--out", str(out)])
    assert done.exit_code == 0, done.output
    done = CliRunner().invoke(
        command_line.app, ["train", "text/shakespeare", *asked, "--out", str(tmp_path / "no")]
    )
    assert done.exit_code == 2 and "leave it out" in " ".join(done.output.split())
