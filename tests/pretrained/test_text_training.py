"""Texts to learn from, the recipe, the score."""

from __future__ import annotations

import json
import math
import unicodedata
from itertools import pairwise

import numpy as np
import pytest
import torch
from tiny_writers import ARCHITECTURE, QUATRAINS, VERSE, tiny

from pretrained import catalog, checkpoint
from pretrained.errors import BadData, UnknownEntry
from pretrained.metrics import mean_of_blocks
from pretrained.text import corpora, data, evaluate, likelihood, train
from pretrained.text.model import CharNet
from pretrained.text.widen import widened
from training import loop
from training.run import Run

PLAY = """
\tTHE DUSTBIN


\tDRAMATIS PERSONAE

BOB\ta man.


ACT I


SCENE I\tA street.


\t[Enter BOB and
\tEVE]

BOB\tWho goes (there)?
\tSpeak, and be brief.

EVE\t                  A friend.

FIRST LORD\t|
\t|  Long live the king!
SECOND LORD\t|

BOB\t[Aside]  I know \ther not.

\t[Exit]
"""


def test_a_play_is_laid_out_as_tinyshakespeare_is():
    assert corpora.layout(PLAY) == (
        "BOB:\nWho goes there?\nSpeak, and be brief.\n\n"
        "EVE:\nA friend.\n\nBOB:\nI know her not.\n\n"
    )


def test_a_title_is_written_as_titles_are():
    assert corpora._title("\n\t1 KING HENRY IV\n") == "1 King Henry IV"
    assert corpora._title("A MIDSUMMER NIGHT'S DREAM") == "A Midsummer Night's Dream"
    assert corpora._title("THE TAMING OF THE SHREW") == "The Taming of the Shrew"


@pytest.mark.parametrize(
    ("poem", "well"),
    [
        ("空山不见人，但闻人语响。返景入深林，复照青苔上。", True),
        ("空山不见人，但闻人语响。返景入深林，复照青苔。", False),
        ("空山不见人，但闻人语响。返景入深林。", False),
        ("空山不见人，但闻人语响。返景入深林，复照青苔上。又", False),
        ("空山见人，但闻语响。返景入林，复照苔上。", False),
        ("", False),
    ],
)
def test_a_quatrain_has_four_lines_of_five_or_seven(poem, well):
    assert data.quatrain(poem) is well


def test_a_play_that_the_file_has_is_read_once_and_what_is_kept_aside_never(tmp_path):
    folder = tmp_path
    (folder / "shakespeare").mkdir()
    (folder / "shakespeare" / "dustbin.txt").write_text(PLAY)
    line = "And here is what nobody may have read before."
    twice = PLAY.replace("Speak, and be brief.", line).replace("DUSTBIN", "TWIN")
    (folder / "shakespeare" / "twin.txt").write_text(twice)
    (folder / corpora.TINY).write_text("abcdefghi\n" * 1_000 + line + "\n")
    texts = corpora.shakespeare(folder)
    assert line not in texts.train and line in texts.held_out and "brief" in texts.train
    assert [title for title, _ in texts.works] == ["The Dustbin", "tinyshakespeare"]
    assert texts.split == "1 plays and tinyshakespeare/train, first 90%"
    aside = texts.works[1][1]
    assert texts.train[aside:] == ("abcdefghi\n" * 905)[:9_041]
    assert corpora.shakespeare(folder, plays=False).train == texts.train[aside:]


def quatrain(seed: int) -> str:
    """Four lines of five characters that no other seed has."""
    lines = [
        "".join(chr(0x4E00 + (seed * 20 + n * 5 + k) % 9_000) for k in range(5)) for n in range(4)
    ]
    return "{}，{}。{}，{}。".format(*lines)


def test_poems_kept_aside_are_no_part_of_the_training_text(tmp_path):
    path = tmp_path / corpora.POEMS
    poems = [quatrain(seed) for seed in range(20)]
    poems += [*poems[:10], "不成诗。。"]
    path.write_text("".join(json.dumps({"text": p}) + "\n" for p in poems))
    texts = corpora.tang(path)
    train_, aside = texts.train.splitlines(), texts.held_out.splitlines()
    assert len(train_) == 19 and len(aside) == 1 and not set(train_) & set(aside)
    assert corpora.tang(path) == texts


def test_of_poems_that_share_two_lines_one_is_taken():
    first, other = quatrain(1), quatrain(2)
    variant = first[:12] + other[12:]  # two lines of each
    assert corpora.distinct([first, variant, other]) == [first, other]
    assert corpora.distinct([first, first[:6] + other[6:]]) == [first, first[:6] + other[6:]]


def test_a_poem_is_scored_as_it_is_written_by_itself():
    torch.manual_seed(0)
    network = CharNet(9, hidden=16, embedding=4).eval()
    one, two = torch.tensor([1, 2, 3, 8]), torch.tensor([4, 5, 8])
    both = likelihood.poem_nats(network, torch.cat([one, two]))
    assert both.shape == (7,)
    assert torch.allclose(both[4:], likelihood.poem_nats(network, two), atol=1e-6)
    x, y = likelihood.led_in([one, two])
    assert x.tolist() == [[8, 1, 2, 3], [8, 4, 5, 8]]
    assert y.tolist() == [[1, 2, 3, 8], [4, 5, 8, likelihood.IGNORED]]


def test_verses_of_ones_own_make_a_poet(tmp_path):
    """A file of quatrains is learnt poem by poem and served as poems; one of prose is not."""
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps({"text": quatrain(n)}) + "\n" for n in range(200)))
    train.train("text/tang", path, tmp_path / "poet", Run(scratch=True, smoke=True))
    assert catalog.from_folder(tmp_path / "poet").load("cpu").kind == "quatrains"
    assert not data.are_quatrains(VERSE) and not data.are_quatrains("")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.txt", None, "no such file"),
        ("a.txt", b"\xff\xfex", "UTF-8"),
        ("a.txt", "今天".encode("gbk") * 900, "UTF-8"),
        ("a.txt", "tea for two ".encode("utf-16-le") * 200, "zero bytes"),
        ("a.docx", b"PK\x03\x04" + bytes(3_000), "office"),
        ("a.txt", b"PK\x03\x04" + bytes(3_000), "unpack"),
        ("a.rtf", rb"{\rtf1\ansi tea for two}" * 200, "formatting"),
        ("a.pdf", b"%PDF-1.4 " * 400, "PDF"),
        ("a.json", b'[{"text": "one"}, {"content": "two"}]', "object 2"),
        ("a.txt", b"short", "too few"),
        ("a.txt", b"aaa aa\n" * 600, "one character over and over"),
        ("a.jsonl", b'{"text": 3}\n', "line 1"),
        ("a.jsonl", b"[1]\n", "object 1"),
        ("a.jsonl", b"soup\n", "line 1"),
    ],
)
def test_a_text_that_cannot_be_used_is_refused_with_the_reason(tmp_path, name, content, reason):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadData, match=reason):
        data.own(tmp_path / name)


def test_a_round_begins_all_over_the_text_and_windows_follow_each_other():
    recipe = train.Recipe(plan=loop.Plan(1, 0.1, 0.0), streams=4, window=5, rounds_of=3)
    text = torch.arange(1000, dtype=torch.int32)
    task = train.WritingTask(CharNet(1000, 8), text, text, recipe, "cpu")
    windows = list(task.batches(0, 0.0))
    assert len(windows) == task.steps_per_epoch == 3
    for x, y in windows:
        assert x.shape == (4, 5) and torch.equal(x + 1, y)
    for (x, _), (after, _) in pairwise(windows):
        assert torch.equal(x[:, -1] + 1, after[:, 0])
    assert {int(s) // 250 for s in windows[0][0][:, 0]} == {0, 1, 2, 3}
    again, later = list(task.batches(0, 0.0)), list(task.batches(1, 0.0))
    assert torch.equal(windows[0][0], again[0][0]) and not torch.equal(again[0][0], later[0][0])


def test_surprise_of_a_text_is_the_same_in_one_go_and_in_parts():
    torch.manual_seed(0)
    network, text = CharNet(30, 16).eval(), torch.randint(0, 30, (3_001,))
    whole = likelihood.nats(network, text, streams=1)
    logits, _ = network(text[None, :-1])
    direct = torch.nn.functional.cross_entropy(logits[0], text[1:], reduction="none")
    assert torch.allclose(whole, direct, atol=1e-4)
    parts = likelihood.nats(network, text, streams=7)
    assert parts.shape == whole.shape and torch.allclose(whole, parts, atol=1e-2)


def test_training_learns_and_the_folder_serves(tmp_path):
    text = tmp_path / "mine.txt"
    text.write_text("the cat sat on the mat. " * 300)
    out = tmp_path / "mine"
    tiny_recipe = dict(architecture={"hidden": 32, "embedding": 8}, streams=8, window=16)
    with pytest.MonkeyPatch.context() as patch:
        recipe = train.replace(train.RECIPES["text/shakespeare"], rounds_of=20, **tiny_recipe)
        patch.setitem(train.RECIPES, "text/shakespeare", recipe)
        train.train(
            "text/shakespeare", text, out, Run(scratch=True, epochs=12, lr=0.02, command="c")
        )
        history = [json.loads(r) for r in (out / "history.jsonl").read_text().splitlines()]
        assert history[-1]["held_out_nats"] < 0.5 < 0.8 < history[0]["held_out_nats"]
        entry = catalog.from_folder(out)
        assert (entry.key, entry.task) == ("text/mine", "text")
        writer = entry.load("cpu")
        state, written = writer.begin("the c", length=40, temperature=0.1), ""
        while not state.done:
            written += writer.step([state])[0].text
        assert "sat on the mat" in written
        scored = evaluate.evaluate(entry, text)
        assert scored["metrics"]["nats_per_char"]["value"] < 0.6 and scored["n"] == 7_200
        assert scored["unknown_share"] == 0


def test_a_text_in_a_known_alphabet_starts_from_the_trained_weights(tmp_path, monkeypatch, capsys):
    entry = catalog.from_folder(tiny(tmp_path / "base"), "text/shakespeare")
    monkeypatch.setattr(catalog, "entries", lambda: {entry.key: entry})
    text = tmp_path / "mine.txt"
    text.write_text(VERSE * 40)
    train.train(entry.key, text, tmp_path / "near", Run(smoke=True))
    metrics = checkpoint.read_json(tmp_path / "near", "metrics.json")
    assert metrics["training"]["started_from"] == "text/shakespeare"
    text.write_text("日本語の文章です。" * 400)
    train.train(entry.key, text, tmp_path / "far", Run(smoke=True, epochs=1))
    metrics = checkpoint.read_json(tmp_path / "far", "metrics.json")
    assert metrics["training"]["started_from"] == "random weights"
    assert "begins from nothing, with an alphabet of its own" in capsys.readouterr().err
    assert "begins from nothing" in metrics["training"]["replaced_or_left_out"]


def test_no_recipe_no_training(tmp_path):
    with pytest.raises(UnknownEntry):
        train.train("text/novel", tmp_path, tmp_path)


def test_unknown_characters_count_as_loss(tmp_path):
    entry = catalog.from_folder(tiny(tmp_path / "base"), "text/base")
    (tmp_path / "known.txt").write_text("ROMEO:\nGood night!\n" * 60)
    (tmp_path / "other.txt").write_text("ROMEO:\nG漢漢d night!\n" * 60)
    known, other = (evaluate.evaluate(entry, tmp_path / f"{n}.txt") for n in ("known", "other"))
    assert known["n"] == other["n"] and known["unknown_share"] == 0
    assert other["unknown_share"] == pytest.approx(2 / 19)
    figure = other["metrics"]["nats_per_char"]
    assert figure["low"] <= figure["value"] <= figure["high"] and math.isfinite(figure["value"])


def test_poems_are_scored_for_their_form(tmp_path, monkeypatch):
    monkeypatch.setattr(evaluate, "POEMS", 70)
    entry = catalog.from_folder(tiny(tmp_path / "poet", QUATRAINS, "quatrains"), "text/poet")
    (tmp_path / "poems.jsonl").write_text('{"text": "空山不见人"}\n' * 20)
    scored = evaluate.evaluate(entry, tmp_path / "poems.jsonl")
    # Weights that were never trained write no quatrains.
    assert scored["metrics"]["wellformed"]["value"] < 0.2
    assert scored["metrics"]["wellformed"]["n"] == 70


def test_the_interval_comes_from_blocks():
    even = mean_of_blocks(np.ones(2_000))
    assert even == {"value": 1, "low": 1, "high": 1}
    rough = mean_of_blocks(np.repeat([1.0, 3.0], 1_000))
    assert rough["low"] < rough["value"] == 2 < rough["high"]


# ---- a visitor's own text -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("My diary, part one\n" + "And so it went. " * 600, ". "),
        ("A title\n" + "word " * 2_000, " "),
        ("A title\n" + "x" * 9_000, "x"),
        ("a line of verse\n" * 500, "\n"),
        ("one\ntwo\n\n" * 900, "\n\n"),
        ("床前明月光疑是地上霜。" * 400, "。"),
    ],
)
def test_a_text_is_parted_near_its_end_however_its_lines_are(tmp_path, text, end):
    path = tmp_path / "mine.txt"
    path.write_text(text, "utf-8")
    texts = data.own(path)
    whole = texts.train + texts.held_out
    assert whole == text.strip("\n") + "\n"
    assert 0.89 * len(whole) <= len(texts.train) <= 0.95 * len(whole) + 1
    assert texts.train.endswith(end) and texts.held_out
    share = round(100 * len(texts.train) / len(whole))
    assert texts.split == f"first {share}% of mine.txt"
    assert texts.held_out_split == f"last {100 - share}% of mine.txt"


def test_the_alphabet_is_that_of_the_text_as_it_is_learnt(tmp_path):
    said = "“L’été passé — dit-elle — j’ai pris l’eau…”\u00a0Qu’y a-t-il\u202f?\u2028Rien\u200b.\n"
    path = tmp_path / "mine.txt"
    path.write_text(unicodedata.normalize("NFD", said) * 60, "utf-8")
    texts = data.own(path)
    learnt = texts.train + texts.held_out
    alphabet = train.alphabet_of(learnt, 1)
    assert data.share_unknown(data.encoded(learnt, alphabet)) == 0
    assert alphabet.known(said) == (
        "\"L'été passé - dit-elle - j'ai pris l'eau...\" Qu'y a-t-il ?\nRien.\n"
    )
    assert alphabet.unknown(said) == []
    assert train.alphabet_of(said, 1).characters == alphabet.characters  # cleaned there too
    replaced, left_out = texts.told
    assert replaced.startswith("720 characters were replaced") and '’ 240 times by "\'"' in replaced
    assert "U+00A0 60 times by ' '" in replaced and "U+2028 60 times" in replaced
    assert left_out == "60 signs without width were left out: U+200B 60 times"


def test_lines_within_jsonl_are_kept_and_quatrains_take_one(tmp_path):
    path = tmp_path / "notes.JSONL"
    notes = [
        "first of note 0\r\nsecond line",
        "note 1\u2028on\n",
        " \n",
        "春眠不觉晓，\n处处闻啼鸟。",
    ]
    poem = "\n".join(quatrain(1)[n : n + 12] for n in (0, 12))
    rows = [json.dumps({"text": text}, ensure_ascii=False) for text in [*notes, poem]]
    path.write_text("\n\n".join(rows) + "\n", "utf-8")
    assert data.read_text(path) == (
        "first of note 0\nsecond line\n\nnote 1\u2028on\n\n春眠不觉晓，\n处处闻啼鸟。\n\n"
        + quatrain(1)
        + "\n\n"
    )
    path.write_text("\n".join(rows[-1:] * 100 + [rows[2]]), "utf-8")
    assert data.own(path).told == (
        "1 empty texts were left out",
        "100 quatrains were put on one line each",
    )
    path.write_text("\n".join(rows[-1:] * 3), "utf-8")
    assert data.read_text(path) == (quatrain(1) + "\n") * 3
    assert data.are_quatrains(data.read_text(path))


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_text_in_an_encoding_with_a_mark_is_read(tmp_path, encoding):
    path = tmp_path / "日记.txt"
    path.write_text("今天天气很好。\n" * 400, encoding)
    texts = data.own(path)
    assert texts.train + texts.held_out == "今天天气很好。\n" * 400


@pytest.mark.parametrize("name", ["a.ndjson", "a.jsonlines", "a.JSON", "a.txt"])
@pytest.mark.parametrize("listed", [False, True])
def test_json_is_never_learnt_as_it_is_spelled(tmp_path, name, listed):
    rows = [{"text": "tea for\ntwo"}, {"text": "two for tea"}]
    lines = json.dumps(rows) if listed else "\n".join(map(json.dumps, rows))
    (tmp_path / name).write_text(lines)
    if name != "a.txt" or not listed:
        assert data.read_text(tmp_path / name) == "tea for\ntwo\n\ntwo for tea\n\n"


def test_what_no_file_can_hold_is_left_out_and_counted(tmp_path):
    rows = [{"text": "tea \ud83d for two"}] * 200
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    texts = data.own(tmp_path / "a.jsonl")
    texts.train.encode()
    assert texts.told[0] == "200 halves of characters were left out"
    (tmp_path / "a.txt").write_text("tea for two\n" * 200 + "\0")
    texts = data.own(tmp_path / "a.txt")
    assert "\0" not in texts.train + texts.held_out
    assert texts.told == ("1 zero bytes were left out",)


def test_what_the_alphabet_lacks_is_counted_and_said(tmp_path, monkeypatch, capsys):
    entry = catalog.from_folder(tiny(tmp_path / "base"), "text/shakespeare")
    monkeypatch.setattr(catalog, "entries", lambda: {entry.key: entry})
    path = tmp_path / "mine.txt"
    path.write_text(VERSE * 40 + "7 ’ 7\n", "utf-8")
    train.train(entry.key, path, tmp_path / "near", Run(smoke=True))
    said = capsys.readouterr().err
    told = checkpoint.read_json(tmp_path / "near", "metrics.json")["training"]
    # A sign that the alphabet lacks is no worse for being typed by a typographer.
    for sentence in told["replaced_or_left_out"].split("; "):
        assert f"{path}: {sentence}" in said
    assert '1 characters were replaced by plain ones: ’ 1 times by "\'"' in said
    assert "3 characters are not in its alphabet and will never be written: 7 2 times" in said
    assert told["characters"] > 2_700 and told["held_out"].startswith("last 5% of mine.txt, ")


def test_a_text_that_needs_no_change_is_said_nothing_of(tmp_path):
    path = tmp_path / "mine.txt"
    path.write_text(VERSE * 40, "utf-8")
    texts = data.own(path)
    assert texts.told == () and texts.own
    assert train.strangers(texts, train.alphabet_of(texts.train, 1)) == []


# ---- going on -----------------------------------------------------------------------------------


def test_a_wider_network_says_the_same_and_learns_with_what_is_new():
    torch.manual_seed(0)
    narrow = CharNet(20, hidden=12, layers=2, embedding=8).eval()
    wide = widened(narrow, CharNet(20, hidden=20, layers=2, embedding=8)).eval()
    x = torch.randint(0, 20, (3, 40))
    assert torch.allclose(narrow(x)[0], wide(x)[0], atol=1e-6)
    torch.nn.functional.cross_entropy(wide(x)[0].flatten(0, 1), x.flatten()).backward()
    assert wide.out.weight.grad[:, 12:].abs().sum() > 0
    h, _ = wide.cells(wide.embed(x))
    assert h[..., 12:].abs().mean() > 0.01  # the new ones carry something


def test_only_what_has_the_same_form_is_made_wider():
    for other in (CharNet(21, 20), CharNet(20, 20, cell="gru"), CharNet(20, 8), CharNet(20, 20, 2)):
        with pytest.raises(ValueError, match="same form"):
            widened(CharNet(20, 12), other)


def test_a_recipe_goes_on_from_its_trained_weights_made_wider(tmp_path, monkeypatch):
    entry = catalog.from_folder(tiny(tmp_path / "base"), "text/shakespeare")
    monkeypatch.setattr(catalog, "entries", lambda: {entry.key: entry})
    architecture = ARCHITECTURE | {"hidden": 40}
    recipe = train.replace(train.RECIPES[entry.key], architecture=architecture)
    monkeypatch.setitem(train.RECIPES, entry.key, recipe)
    (tmp_path / corpora.TINY).write_text(VERSE * 60)
    train.train(entry.key, tmp_path, tmp_path / "on", Run(scratch=False, smoke=True))
    config = checkpoint.read_json(tmp_path / "on", "config.json")
    assert config["architecture"] == architecture and config["key"] == entry.key
    made = checkpoint.read_json(tmp_path / "on", "metrics.json")["training"]
    assert made["started_from"] == entry.key and "before" in made
    # Two steps from there, not from random weights.
    held = corpora.shakespeare(tmp_path).held_out
    old, new = (catalog.from_folder(f).load("cpu") for f in (tmp_path / "base", tmp_path / "on"))
    first, after = (
        likelihood.nats(w.network, data.encoded(held, w.alphabet)).mean() for w in (old, new)
    )
    assert abs(first - after) < 0.5
    train.train(entry.key, tmp_path, tmp_path / "anew", Run(smoke=True))
    made = checkpoint.read_json(tmp_path / "anew", "metrics.json")["training"]
    assert made["started_from"] == "random weights" and "before" not in made
