"""Translators of the Hub, from small local ones: vocabulary, translating together, loading."""

from __future__ import annotations

import json
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny_marian
import torch
from hub_standin import HubStandIn
from tiny_hub import retold
from tiny_marian import CHINESE, ENTRY, HUB_ID, MARK, PAIRS

from pretrained import catalog
from pretrained.errors import (
    BadCheckpoint,
    HubGated,
    HubNotFound,
    HubOffline,
    HubTruncated,
    HubUnsafe,
    ViewUnsupported,
)
from pretrained.sources import hub as downloads
from pretrained.sources.hub.cache import COMMIT
from pretrained.sources.hub.conversion import BOT, TITLE
from pretrained.translation import evaluate
from pretrained.translation.errors import (
    BadBeams,
    BadPrefix,
    NothingToTranslate,
    SameLanguage,
    TooLong,
    UnknownDirection,
)
from pretrained.translation.hub import search, serve
from pretrained.translation.hub.entries import (
    DIRECTIONS,
    FILES,
    MARIAN_ENTRIES,
    MarianEntry,
)
from pretrained.translation.hub.serve import MarianTranslator
from pretrained.translation.hub.tokens import UNKNOWN

tiny, many = tiny_marian.tiny, tiny_marian.many
ENGLISH = [english for english, _ in PAIRS]


def served_from(folder: Path, *directions: str) -> MarianTranslator:
    config = json.loads((folder / "config.json").read_text())
    network, words = serve.build(folder, config, directions)
    return MarianTranslator(network, words, "translation/tiny", directions, "cpu")


@pytest.fixture(scope="module")
def served(tiny: Path) -> MarianTranslator:
    return served_from(tiny, "en-fr")


@pytest.fixture(scope="module")
def polyglot(many: Path) -> MarianTranslator:
    return served_from(many, *DIRECTIONS["translation/m2m100"])


@pytest.fixture(scope="module")
def chinese(tmp_path_factory: pytest.TempPathFactory) -> MarianTranslator:
    folder = tmp_path_factory.mktemp("tiny-chinese")
    tiny_marian.save(folder, chinese=True)
    return served_from(folder, "en-zh")


def tokenizer(folder: Path) -> Any:
    """transformers' own for a Marian's folder."""
    from transformers import MarianTokenizer

    names = ("source.spm", "target.spm", "vocab.json")
    return MarianTokenizer(*(str(folder / name) for name in names))


def rounded(answer: dict[str, Any]) -> Any:
    """An answer with its numbers to four digits."""
    return json.loads(json.dumps(answer), parse_float=lambda number: round(float(number), 4))


# ---- the vocabulary ----------------------------------------------------------------------------


def test_a_marian_text_is_spelled_as_transformers_spells_it(
    served: MarianTranslator, tiny: Path
) -> None:
    theirs = tokenizer(tiny)
    for english, french in PAIRS:
        mine = [*served.words.spell(english, "en"), served.words.end]
        assert mine == theirs(english).input_ids
        assert [*served.words.spell(french, "fr"), 0] == theirs(text_target=french).input_ids
        assert served.words.decode(mine) == theirs.decode(mine, skip_special_tokens=True) == english


def test_a_many_to_many_text_is_spelled_as_transformers_spells_it(
    polyglot: MarianTranslator, many: Path
) -> None:
    from transformers import M2M100Tokenizer

    theirs = M2M100Tokenizer(str(many / "vocab.json"), str(many / "sentencepiece.bpe.model"))
    words = polyglot.words
    for language, texts in (("en", ENGLISH), ("zh", CHINESE)):
        theirs.src_lang = language
        for text in texts:
            mine = [*words.lead(language, "fr"), *words.spell(text, language), words.end]
            assert mine == theirs(text).input_ids
            assert words.decode(mine) == theirs.decode(mine[1:], skip_special_tokens=True)
    assert words.begin("fr") == [2, theirs.get_lang_id("fr")]


@pytest.mark.parametrize("typed", ["</s> a", "<pad>", "<unk> a", f"{MARK} a", "__fr__ a", "<s>"])
def test_marks_that_a_visitor_types_are_text(
    typed: str, served: MarianTranslator, chinese: MarianTranslator, polyglot: MarianTranslator
) -> None:
    for model in (served, chinese, polyglot):
        numbers = model.words.spell(typed, "en")
        assert numbers and not set(numbers) & model.words.special


def test_a_sign_that_is_not_known_is_shown_as_such(served: MarianTranslator) -> None:
    (answer,) = served.predict(["I read Ω."])
    assert UNKNOWN in answer["sentences"][0]["source"]
    assert any(UNKNOWN in piece for piece in answer["sentences"][0]["source_tokens"])


def test_pieces_are_readable_and_add_up(
    served: MarianTranslator, polyglot: MarianTranslator
) -> None:
    for model, language, texts in ((served, "en", ENGLISH), (polyglot, "zh", CHINESE)):
        for text in texts:
            spans = model.words.spans(model.words.spell(text, language))
            numbers = model.words.spell(text, language)
            assert "".join(piece for piece, _ in spans).strip() == model.words.decode(numbers)
            assert sum(count for _, count in spans) == len(numbers)
            assert not any(piece.isspace() or "▁" in piece for piece, _ in spans)


# ---- translating -------------------------------------------------------------------------------

TEXTS = [
    "I am a student. Where is my blue coat?",
    "The river runs under the bridge.",
    "I am.",
    "We read the letter twice. The museum opens at nine. I am a student, and we read the letter.",
]


@pytest.mark.parametrize("beams", [1, 4])
def test_together_and_one_by_one_are_the_same(
    beams: int, served: MarianTranslator, polyglot: MarianTranslator
) -> None:
    for model in (served, polyglot):
        together = model.predict(TEXTS, beams=beams)
        for text, answer in zip(TEXTS, together, strict=True):
            (alone,) = model.predict([text], beams=beams)
            assert rounded(alone)["translation"] == answer["translation"]
            for one, other in zip(alone["sentences"], answer["sentences"], strict=True):
                assert one["target_tokens"] == other["target_tokens"]
                assert one["probabilities"] == pytest.approx(other["probabilities"], abs=1e-4)
                ways = [[w["translation"] for w in s["alternatives"]] for s in (one, other)]
                assert ways[0] == ways[1]


@pytest.mark.parametrize("beams", [1, 3])
def test_the_best_translation_is_the_one_that_transformers_writes(
    beams: int, served: MarianTranslator, tiny: Path
) -> None:
    from transformers import MarianMTModel

    network = MarianMTModel.from_pretrained(tiny)
    words = tokenizer(tiny)
    for text in ENGLISH:
        ids = words(text, return_tensors="pt")
        (theirs,) = network.generate(
            **ids,
            num_beams=beams,
            length_penalty=1.0,
            do_sample=False,
            max_new_tokens=2 * ids.input_ids.shape[1] + 12,
            min_new_tokens=2,
            bad_words_ids=[[words.pad_token_id], [words.unk_token_id]],
            forced_eos_token_id=0,
        )
        (mine,) = served.predict([text], beams=beams)
        expected = words.decode(theirs, skip_special_tokens=True)
        assert mine["translation"] == expected


def test_several_sentences_blanks_and_line_breaks_are_kept(served: MarianTranslator) -> None:
    text = "\n  I am a student.  We read. \n\n\t12 + 30\nThe river runs.\n"
    (answer,) = served.predict([text])
    ways = [sentence["translation"] for sentence in answer["sentences"]]
    assert answer["translation"] == f"\n  {ways[0]}  {ways[1]} \n\n\t12 + 30\n{ways[2]}\n"
    assert [s["source"] for s in answer["sentences"]] == [
        "I am a student.",
        "We read.",
        "The river runs.",
    ]


def test_four_beams_are_kept_where_nobody_says_how_many(
    served: MarianTranslator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight are for candidates that are read back, which these models do not."""
    kept: list[int] = []
    whole = served.searches["fr"]

    def counted(*arguments: Any, beams: int, **options: Any) -> Any:
        kept.append(beams)
        return whole(*arguments, beams=beams, **options)

    monkeypatch.setattr(served, "searches", {"fr": counted})
    usual, wide = served.predict(["I am."]), served.predict(["I am."], beams=8)
    assert set(kept) == {4, 8} and not served.channels
    assert len(usual[0]["sentences"][0]["alternatives"]) <= 4
    assert wide[0]["translation"]


@pytest.mark.parametrize("beams", [1, 2, 5])
def test_an_answer_has_what_the_page_draws(beams: int, served: MarianTranslator) -> None:
    (answer,) = served.predict(["I am a student."], beams=beams)
    (sentence,) = answer["sentences"]
    assert (answer["source"], answer["target"]) == ("en", "fr")
    ways = sentence["alternatives"]
    assert 1 <= len(ways) <= beams and ways[0]["translation"] == sentence["translation"]
    assert ways == sorted(ways, key=lambda way: -way["score"])
    assert all(0 <= way["probability"] <= 1 for way in ways)
    rows, columns = len(sentence["target_tokens"]), len(sentence["source_tokens"])
    assert sentence["source_tokens"][-1] == "</s>"
    assert "".join(sentence["target_tokens"]).strip() == sentence["translation"]
    assert len(sentence["probabilities"]) == rows
    assert [len(row) for row in sentence["attention"]] == [columns] * rows
    assert all(sum(row) == pytest.approx(1, abs=1e-4) for row in sentence["attention"])
    assert "in_training" not in sentence and "tree" not in sentence
    json.dumps(answer)


def test_the_probabilities_are_those_of_the_network(served: MarianTranslator) -> None:
    (answer,) = served.predict(["The river runs."], beams=2)
    (sentence,) = answer["sentences"]
    source = torch.tensor([[*served.words.spell("The river runs.", "en"), 0]])
    way, expected = [served.words.start], []
    for piece in sentence["target_tokens"]:
        with torch.no_grad():
            out = served.network(input_ids=source, decoder_input_ids=torch.tensor([way]))
        odds = out.logits[0, -1].softmax(0)
        token = next(n for n, p in served.words.pieces.items() if p.replace("▁", " ") == piece)
        expected.append(float(odds[token]))
        way.append(token)
    assert sentence["probabilities"] == pytest.approx(expected, abs=1e-4)


def test_translations_are_read_once_more_in_small_lots(
    served: MarianTranslator, polyglot: MarianTranslator
) -> None:
    """Where they looked is what transformers tells of each alone; no layer's looks pile up."""
    for model in (served, polyglot):
        words, network = model.words, model.network
        sources = [
            [*words.lead("en", "fr"), *words.spell(text, "en"), words.end] for text in ENGLISH * 2
        ]
        lots: list[int] = []

        def note(part: Any, given: Any, options: dict[str, Any], lots: list[int] = lots) -> None:
            assert not options.get("output_attentions")
            if not options["use_cache"]:
                lots.append(len(options["decoder_input_ids"]))

        hook = network.model.register_forward_pre_hook(note, with_kwargs=True)
        found = model.searches["fr"](sources, ["fr"] * len(sources), beams=2)
        hook.remove()
        assert sum(lots) == 2 * len(sources) and max(lots) == 2 * search.TOGETHER
        for source, one in zip(sources, found, strict=True):
            for way in one.hypotheses:
                begun = [*words.begin("fr"), *way.tokens]
                with torch.no_grad():
                    out = network.model(
                        input_ids=torch.tensor([source]),
                        decoder_input_ids=torch.tensor([begun]),
                        output_attentions=True,
                    )
                expected = out.cross_attentions[-1][0].mean(0)[len(words.begin("fr")) - 1 :]
                assert way.attention == pytest.approx(
                    expected[: len(way.log_probs)].numpy(), abs=1e-4
                )


def test_a_beginning_is_forced(served: MarianTranslator) -> None:
    (plain,) = served.predict(["I am a student."])
    (forced,) = served.predict([{"text": "I am a student.", "prefix": "Je suis"}])
    for way in forced["sentences"][0]["alternatives"]:
        assert way["translation"].startswith("Je suis")
    assert not plain["translation"].startswith("Je suis")


def test_a_beginning_and_others_without_one_are_answered_together(served: MarianTranslator) -> None:
    asked = [{"text": "I am.", "prefix": "Je"}, {"text": "I am."}, {"text": "I am.", "prefix": ""}]
    first, second, third = served.predict(asked)
    assert first["translation"].startswith("Je")
    assert rounded(second) == rounded(third)


def test_each_direction_of_a_many_to_many_model_has_its_own_marks(
    polyglot: MarianTranslator,
) -> None:
    asked = [
        {"text": "I am a student.", "source": "en", "target": "fr"},
        {"text": "I am a student.", "source": "en", "target": "zh"},
        {"text": "我是一名学生。", "source": "zh", "target": "fr"},
    ]
    french, mandarin, third = polyglot.predict(asked)
    odds = [answer["sentences"][0]["probabilities"][0] for answer in (french, mandarin)]
    assert odds[0] != pytest.approx(odds[1], abs=1e-3)
    assert (third["source"], third["target"]) == ("zh", "fr")
    for answer in (french, mandarin, third):
        (sentence,) = answer["sentences"]
        assert not any("__" in piece for piece in sentence["target_tokens"])
        assert "".join(sentence["source_tokens"][:-1]).strip() == sentence["source"]


def test_chinese_is_asked_for_by_its_mark(
    chinese: MarianTranslator, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = chinese.words.numbers[MARK]
    seen: list[list[int]] = []
    search = chinese.searches["zh"]

    def look(sources: Any, *arguments: Any, **options: Any) -> Any:
        seen.extend(map(list, sources))
        return search(sources, *arguments, **options)

    monkeypatch.setattr(chinese, "searches", {"zh": look})
    (answer,) = chinese.predict(["I am a student."])
    assert seen[0][0] == mark and seen[0].count(mark) == 1
    assert MARK not in json.dumps(answer)
    (sentence,) = answer["sentences"]
    assert len(sentence["attention"][0]) == len(sentence["source_tokens"])
    assert chinese.words.lead("en", "zh") == [mark]


@pytest.mark.parametrize("view", ["inside", "meaning", "no-such-view"])
def test_views_that_it_cannot_give(view: str, served: MarianTranslator) -> None:
    with pytest.raises(ViewUnsupported, match=view):
        served.predict(["I am."], view=view)


@pytest.mark.parametrize(
    ("asked", "options", "refusal"),
    [
        ("", {}, NothingToTranslate),
        (" \n\t", {}, NothingToTranslate),
        ("a" * 5_001, {}, TooLong),
        ("I am.", {"source": "fr", "target": "en"}, UnknownDirection),
        ("I am.", {"source": "en", "target": "zh"}, UnknownDirection),
        ("I am.", {"source": "en", "target": "en"}, SameLanguage),
        ("I am.", {"beams": 0}, BadBeams),
        ("I am.", {"beams": 9}, BadBeams),
        ("I am. We read.", {"prefix": "Je"}, BadPrefix),
    ],
)
def test_refusals(
    asked: str, options: dict[str, Any], refusal: type, served: MarianTranslator
) -> None:
    with pytest.raises(refusal):
        served.predict([asked], **options)


def test_a_long_sentence_and_odd_signs_are_taken(served: MarianTranslator) -> None:
    for text in ("word " * 300, "<b>bold</b> &amp; 😀 \u202e done", "x" * 700, "?!", "a"):
        (answer,) = served.predict([text], beams=1)
        assert isinstance(answer["translation"], str)


# ---- loading -----------------------------------------------------------------------------------


def load(entry: catalog.Entry = ENTRY) -> MarianTranslator:
    return entry.load("cpu")


def test_loads_from_the_hub_once_and_then_offline(hub: HubStandIn, tiny: Path) -> None:
    commit = hub.add_folder(HUB_ID, tiny)
    seen: list[tuple[int, int]] = []
    model = ENTRY.load("cpu", lambda done, total: seen.append((done, total)))
    assert seen[0][0] == 0 and seen[-1][0] == seen[-1][1] > 0
    assert model.directions == ("en-fr",)
    here = downloads.state(ENTRY)
    assert here.here and here.commit == commit
    hub.stop()
    (answer,) = load().predict(["I am a student."])
    assert rounded(answer) == rounded(model.predict(["I am a student."])[0])


def test_a_many_to_many_model_loads_too(hub: HubStandIn, many: Path) -> None:
    hub.add_folder(HUB_ID, many)
    model = load(replace(ENTRY, key="translation/m2m100"))
    assert model.directions == DIRECTIONS["translation/m2m100"]
    model.predict(["I am."], source="en", target="zh")


def test_what_another_program_brought_is_used(
    hub: HubStandIn, tiny: Path, many: Path, tmp_path: Path
) -> None:
    from huggingface_hub import snapshot_download

    for folder in (tiny, many):
        name = f"museum/{folder.name}"
        hub.add_folder(name, folder)
        snapshot_download(name, endpoint=hub.url, cache_dir=tmp_path / "hub")
    hub.stop()
    load(replace(ENTRY, hub_id=f"museum/{tiny.name}"))
    load(replace(ENTRY, hub_id=f"museum/{many.name}", key="translation/m2m100"))


def test_the_converter_s_pull_request_is_found(hub: HubStandIn, tiny: Path, tmp_path: Path) -> None:
    hub.add_folder(HUB_ID, pickled(tiny, tmp_path))
    commit = hub.add_folder(HUB_ID, tiny, branch="refs/pr/3")
    hub.repos[HUB_ID].pulls = [(3, TITLE, BOT)]
    load()
    assert downloads.state(ENTRY).commit == commit
    assert not any(request.path.endswith(".bin") for request in hub.requests)
    hub.add(HUB_ID, {"config.json": b"another"}, branch="refs/pr/3")
    load()  # a branch that moves later changes nothing
    assert downloads.state(ENTRY).commit == commit


def pickled(folder: Path, tmp_path: Path) -> Path:
    taken = shutil.copytree(folder, tmp_path / "pickled")
    (taken / "model.safetensors").rename(taken / "pytorch_model.bin")
    return taken


def test_pickles_are_refused(hub: HubStandIn, tiny: Path, tmp_path: Path) -> None:
    hub.add_folder(HUB_ID, pickled(tiny, tmp_path))
    with pytest.raises(HubUnsafe, match="pickle"):
        load()


def test_offline_gated_and_missing_are_said(
    hub: HubStandIn, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(HubNotFound):
        load()
    hub.add_folder(HUB_ID, tiny, gated=True)
    with pytest.raises(HubGated):
        load()
    monkeypatch.setenv("BREAKTHROUGHS_OFFLINE", "1")
    with pytest.raises(HubOffline):
        load()


def test_a_download_that_breaks_off_goes_on(hub: HubStandIn, tiny: Path) -> None:
    from pretrained.sources.hub.download import ATTEMPTS

    hub.add_folder(HUB_ID, tiny)
    hub.breaks = [100] * (4 * ATTEMPTS)
    with pytest.raises(HubTruncated):
        load()
    hub.breaks = []
    load()


def test_progress_may_end_it(hub: HubStandIn, tiny: Path) -> None:
    hub.add_folder(HUB_ID, tiny)
    hub.hold = (1000, threading.Event())
    hub.hold[1].set()

    class Left(Exception):
        pass

    def leave(done: int, total: int) -> None:
        if done:
            raise Left

    with pytest.raises(Left):
        ENTRY.load("cpu", leave)
    load()


@pytest.mark.parametrize("name", ["model.safetensors", "source.spm", "vocab.json", "config.json"])
def test_damaged_files(hub: HubStandIn, tiny: Path, tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(tiny, tmp_path / "damaged")
    (folder / name).write_bytes(b"\x08" + b"\0" * 500)
    hub.add_folder(HUB_ID, folder)
    with pytest.raises(BadCheckpoint, match="again"):
        load()


@pytest.mark.parametrize("name", ["source.spm", "target.spm"])
def test_a_vocabulary_that_is_missing(
    hub: HubStandIn, tiny: Path, tmp_path: Path, name: str
) -> None:
    folder = shutil.copytree(tiny, tmp_path / "less")
    (folder / name).unlink()
    hub.add_folder(HUB_ID, folder)
    with pytest.raises(BadCheckpoint, match="vocabulary"):
        load()


@pytest.mark.parametrize(
    "change",
    [
        {"model_type": "no_such_kind"},
        {"model_type": "bart"},
        {"quantization_config": {"quant_method": "gptq", "bits": 4}},
        {"encoder_layers": 5},
        {"d_model": 48},
        {"vocab_size": 20},
        {"vocab_size": "many"},
        {"eos_token_id": None},
        {"activation_function": "no_such_thing"},
    ],
    ids=str,
)
def test_a_configuration_that_does_not_fit(
    hub: HubStandIn, tiny: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    hub.add_folder(HUB_ID, retold(tiny, tmp_path / "changed", **change))
    with pytest.raises(BadCheckpoint):
        load()


def test_code_that_comes_with_a_model_is_not_run(
    hub: HubStandIn, tiny: Path, tmp_path: Path
) -> None:
    classes = {"AutoConfig": "modeling_evil.Evil", "AutoModel": "modeling_evil.Evil"}
    folder = retold(tiny, tmp_path / "evil", auto_map=classes)
    (folder / "modeling_evil.py").write_text("raise SystemExit('run')\n")
    hub.add_folder(HUB_ID, folder)
    load()
    assert not any(request.path.endswith(".py") for request in hub.requests)


def test_measured_bytes_and_moving(served: MarianTranslator) -> None:
    assert served.bytes >= 4 * sum(p.numel() for p in served.network.parameters())
    served.to("cpu")
    assert served.device == torch.device("cpu")


# ---- the catalogue and scoring -----------------------------------------------------------------


@pytest.mark.parametrize("entry", MARIAN_ENTRIES, ids=lambda entry: entry.name)
def test_entries_are_counted(entry: MarianEntry) -> None:
    """Parameters of the published architecture; bytes are theirs in single precision."""
    import transformers

    with torch.device("meta"):
        config = transformers.AutoConfig.for_model(
            entry.kind, pad_token_id=0, **dict(entry.network)
        )
        network = getattr(transformers, serve.KINDS[entry.kind])(config)
    network.tie_weights()
    learnt = sum(p.numel() for p in network.parameters() if p.requires_grad)
    stored = [*network.parameters(), *(b for n, b in network.named_buffers() if "bias" in n)]
    assert entry.parameters == learnt
    assert entry.bytes == 4 * sum(tensor.numel() for tensor in stored)


@pytest.mark.parametrize("entry", MARIAN_ENTRIES, ids=lambda entry: entry.name)
def test_entries_are_in_the_catalogue(entry: MarianEntry) -> None:
    listed = catalog.find(entry.key)
    assert listed.task == "translation" and not listed.bundled
    assert (listed.hub_id, listed.revision) == (entry.hub_id, entry.revision)
    assert listed.licence in {"apache-2.0", "cc-by-4.0", "mit"}
    assert set(listed.languages) <= {"en", "fr", "zh"} and len(listed.languages) >= 2
    for claim in listed.claims:
        assert 1 < claim.value < 100 and claim.reference.startswith("https://")
        assert not claim.command and claim.split and claim.metric in {"bleu", "chrf"}
    assert catalog.labels(listed) == {"en": [], "zh": None}


def test_every_direction_of_the_page_has_a_translator_of_today() -> None:
    for direction in ("en-fr", "fr-en", "en-zh", "zh-en"):
        assert DIRECTIONS[f"translation/marian-{direction}"] == (direction,)
        assert direction in DIRECTIONS["translation/m2m100"]


def test_no_entry_trusts_a_branch_that_others_may_move() -> None:
    """A commit, or None, for which `hub.conversion` asks who opened the pull request."""
    for entry in MARIAN_ENTRIES:
        assert entry.revision is None or COMMIT.fullmatch(entry.revision), entry.key


def test_the_weights_are_brought_last() -> None:
    assert FILES[-1] == "model.safetensors"


def test_the_entries_load_nothing_heavy() -> None:
    import subprocess
    import sys

    code = (
        "import sys, pretrained.catalog as c; c.entries(); "
        "sys.exit(bool({'torch', 'transformers', 'sentencepiece'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_scoring(hub: HubStandIn, tiny: Path, tmp_path: Path) -> None:
    hub.add_folder(HUB_ID, tiny)
    file = tmp_path / "pairs.tsv"
    file.write_text("".join(f"{english}\t{french}\n" for english, french in PAIRS), "utf-8")
    found = evaluate.evaluate(ENTRY, file)
    assert found["key"] == ENTRY.key and found["direction"] == "en-fr" and found["n"] == len(PAIRS)
    assert set(found["metrics"]) == {"bleu", "chrf"} and "in_training" not in found
    for figure in found["metrics"].values():
        assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 100
