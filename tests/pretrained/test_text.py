"""Networks that write: alphabet, options, sampling, stepping together, views, the copy meter."""

from __future__ import annotations

import random
import re

import numpy as np
import pytest
import torch
from tiny_writers import QUATRAINS, VERSE, tiny

from pretrained import catalog, checkpoint
from pretrained.errors import BadCheckpoint, ViewUnsupported
from pretrained.text import alphabet, copies, memory, options, serve, stepper
from pretrained.text.alphabet import Alphabet
from pretrained.text.ending import MOST_OVER
from pretrained.text.sampling import SamplingParams, draw, likeliest


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny(tmp_path_factory.mktemp("text") / "bard")


@pytest.fixture(scope="module")
def writer(folder):
    return catalog.from_folder(folder).load("cpu")


@pytest.fixture(scope="module")
def poet(tmp_path_factory):
    path = tiny(tmp_path_factory.mktemp("text") / "poet", QUATRAINS, "quatrains", 4)
    return catalog.from_folder(path).load("cpu")


def finished(writer, state):
    text, nats = "", []
    while not state.done:
        [piece] = writer.step([state])
        if piece:
            text += piece.text
            nats += piece.nats
    return text, nats


# ---- alphabet ---------------------------------------------------------------------------------


def test_what_the_alphabet_knows_comes_back():
    known = Alphabet.from_text("hello, world")
    codes = known.encode("hello")
    assert "".join(known.character(i) for i in codes) == "hello"
    assert len(known) == len(set("hello, world\n")) + 1


def test_unknown_characters_are_named_once_and_in_order():
    known = Alphabet.from_text("abc")
    assert known.unknown("a漢b漢é") == ["漢", "é"]
    assert known.encode("a漢b")[1] == 0
    assert known.known("a漢b漢é") == "ab"


def test_unknown_characters_are_named_as_they_were_typed():
    known = Alphabet.from_text("明月，。")
    assert known.unknown("“明月”…—x") == ["“", "”", "—", "x"]
    assert known.unknown("明,月.") == []


def test_typographers_signs_and_widths_are_read_as_what_is_known():
    english = Alphabet.from_text("'\",.-abc")
    assert english.clean("‘a’ “b” — c，") == "'a' \"b\" - c,"
    chinese = Alphabet.from_text("，。春")
    assert chinese.clean("春,春.") == "春，春。"


def test_the_alphabet_of_an_entry_needs_no_model(folder):
    entry = catalog.from_folder(folder)
    assert alphabet.of(entry).unknown("R€") == ["€"]
    hub = next(e for e in catalog.entries().values() if e.hub_id)
    assert alphabet.of(hub) is None


# ---- options ----------------------------------------------------------------------------------


def test_missing_options_get_their_defaults():
    assert options.checked() == {
        "length": 400, "temperature": 0.8, "top_k": 0, "top_p": 1.0, "seed": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ("seed", "soup"),
        ("seed", 1.5),
        ("seed", -1),
        ("length", 10**9),
        ("temperature", 0),
        ("temperature", float("nan")),
        ("temperature", float("inf")),
        ("top_p", "0"),
        ("length", [1]),
        ("length", 10**400),
        ("temperature", 10**400),
        pytest.param("seed", 10**5_000, id="endless"),
        ("seed", True),
        ("length", True),
        ("seed", []),
        ("seed", {}),
    ],
)
def test_a_bad_option_is_refused_with_what_is_allowed(name, sent):
    with pytest.raises(options.BadOption, match=f"{name} cannot be .*choose a .*number from"):
        options.checked(**{name: sent})


def test_numbers_may_come_as_text():
    assert options.checked(seed="7", temperature="0.5")["seed"] == 7


# ---- sampling ---------------------------------------------------------------------------------


def test_draws_follow_the_odds():
    chance = np.random.default_rng(0)
    logits = np.log(np.array([0.5, 0.3, 0.2], "f4"))
    counts = np.bincount([draw(logits, SamplingParams(), chance)[0] for _ in range(4_000)]) / 4_000
    assert np.allclose(counts, [0.5, 0.3, 0.2], atol=0.03)


@pytest.mark.parametrize(
    ("taste", "possible"),
    [
        (SamplingParams(top_k=1), {3}),
        (SamplingParams(top_k=2), {2, 3}),
        (SamplingParams(top_p=0.39), {3}),
        (SamplingParams(top_p=0.5), {2, 3}),
        (SamplingParams(temperature=0.1, top_p=0.9), {3}),
        (SamplingParams(), {0, 1, 2, 3}),
    ],
)
def test_only_the_likeliest_are_drawn(taste, possible):
    chance = np.random.default_rng(0)
    logits = np.log(np.array([0.1, 0.2, 0.3, 0.4], "f4"))
    assert {draw(logits, taste, chance)[0] for _ in range(500)} == possible


def test_surprise_is_that_of_temperature_one_and_what_is_banned_is_never_drawn():
    chance = np.random.default_rng(0)
    logits = np.log(np.array([0.8, 0.2], "f4"))
    for _ in range(50):
        index, nats = draw(logits, SamplingParams(temperature=0.3), chance, never=0)
        assert index == 1 and nats == pytest.approx(-np.log(0.2), rel=1e-5)


def test_the_likeliest_come_first():
    assert [i for i, _ in likeliest(np.array([0.0, 2.0, 1.0], "f4"), 2)] == [1, 2]


# ---- writing ----------------------------------------------------------------------------------


def test_it_writes_as_many_characters_as_asked_and_finishes_its_line(writer):
    for length in (1, 2, 4, 5, 30, 60):
        state = writer.begin("RO", length=length, seed=1)
        text, nats = finished(writer, state)
        assert len(text) == len(nats) >= length and min(nats) >= 0
        assert text.endswith("\n") and not state.ending.cut
        assert "\n" not in text[length - 1 : -1].removesuffix(":\n")


def test_a_text_that_has_to_be_cut_says_so(writer, monkeypatch):
    letter = writer.alphabet.index("E")
    monkeypatch.setattr(serve, "draw", lambda *_, **__: (letter, 1.0))
    state, pieces = writer.begin("RO", length=5), []
    while not state.done:
        pieces += writer.step([state])
    assert "".join(piece.text for piece in pieces) == "E" * (5 + MOST_OVER)
    assert [piece.cut for piece in pieces] == [False] * (len(pieces) - 1) + [True]


def test_the_same_seed_gives_the_same_text_and_another_seed_another(writer):
    texts = [finished(writer, writer.begin("R", length=60, seed=s))[0] for s in (3, 3, 4)]
    assert texts[0] == texts[1] != texts[2]


def test_a_text_is_the_same_alone_and_among_sixty_four_that_come_and_go(writer):
    rng = random.Random(0)
    asked = [
        {"prompt": VERSE[: rng.choice([3, 70])] * rng.choice([1, 5]),
         "length": rng.randrange(1, 24), "seed": n, "top_k": rng.choice([0, 3]),
         "temperature": rng.choice([0.3, 0.8, 1.5]), "top_p": rng.choice([1.0, 0.9])}
        for n in range(64)
    ]  # fmt: skip

    def begun(n):
        ask = dict(asked[n])
        return writer.begin(ask.pop("prompt"), **ask)

    alone = [finished(writer, begun(n)) for n in range(64)]
    together = [["", []] for _ in asked]
    waiting, live = list(range(64)), {}
    while waiting or live:
        for _ in range(min(len(waiting), rng.randrange(1, 30))):
            n = waiting.pop()
            live[n] = begun(n)
        moving = rng.sample(sorted(live), rng.randrange(1, len(live) + 1))
        for n, piece in zip(moving, writer.step([live[n] for n in moving]), strict=True):
            if piece:
                together[n][0] += piece.text
                together[n][1] += piece.nats
            if live[n].done:
                del live[n]
    assert [tuple(each) for each in together] == alone


def test_the_step_says_what_the_whole_network_says(writer):
    read = writer.alphabet.encode("\n" + VERSE[:30])
    logits, _ = writer.network(torch.tensor([read]))
    state = writer.begin("")
    h, c = state.h[:, None], state.c[:, None]
    for place, index in enumerate(read):
        stepped, h, c = writer.stepper(torch.tensor([index]), h, c)
        assert torch.allclose(stepped[0], logits[0, place], atol=0.02)


def test_characters_it_does_not_know_are_read_over_and_never_written(writer):
    asked = {"length": 80, "temperature": 2.0, "seed": 0}
    strange, plain = (finished(writer, writer.begin(p, **asked)) for p in ("R漢€\u0007Oש", "RO"))
    assert strange == plain
    assert set(plain[0]) <= set(writer.alphabet.characters)


def test_a_prompt_is_read_in_parts_and_others_write_in_between(writer):
    long, quick = writer.begin(VERSE * 20, length=8), writer.begin("RO", length=400)
    for length in (serve.LEAST, *[serve.STRIDE] * 4):  # the first characters come soon
        [nothing, piece] = writer.step([long, quick])
        assert nothing is None and len(piece.text) == length
    assert finished(writer, long) == finished(writer, writer.begin(VERSE * 20, length=8))


def test_one_step_does_not_read_more_the_more_prompts_wait(writer, monkeypatch):
    read, whole = [], writer.network.cells.forward
    monkeypatch.setattr(
        writer.network.cells, "forward", lambda x, h: read.append(x.shape[:2]) or whole(x, h)
    )
    for text in (VERSE * 20, VERSE):
        for count in (1, 64):
            read.clear()
            writer.step([writer.begin(text, length=1) for _ in range(count)])
            assert {rows for rows, _ in read} == {1}
            assert sum(characters for _, characters in read) <= serve.READ


def test_a_short_prompt_does_not_wait_for_long_ones(writer):
    long = [writer.begin(VERSE * 20, length=1) for _ in range(63)]
    pieces = writer.step([*long, writer.begin("RO", length=9)])
    assert pieces[-1] is not None and not any(pieces[:-1])


@pytest.mark.parametrize("fails_at", [1, 2, 4, 5])
def test_a_step_that_fails_leaves_its_states_as_they_were(writer, monkeypatch, fails_at):
    def begun():
        return [writer.begin(p, length=9, seed=n) for n, p in enumerate(("", "RO", VERSE * 9))]

    expected, states = begun(), begun()
    for both in (expected, states):
        writer.step(both)
    calls, whole = [], writer.stepper.compute

    def failing(x, h, c):
        calls.append(x)
        if len(calls) == fails_at:
            raise MemoryError
        return whole(x, h, c)

    monkeypatch.setattr(writer.stepper, "compute", failing)
    pieces = []
    while any(not state.done for state in states):
        live = [state for state in states if not state.done]
        try:
            pieces.append(writer.step(live))
        except MemoryError:
            pieces.append(writer.step(live))
    monkeypatch.undo()
    whole_pieces = []
    while any(not state.done for state in expected):
        whole_pieces.append(writer.step([state for state in expected if not state.done]))
    assert pieces == whole_pieces


def test_a_poem_whose_step_fails_keeps_its_acrostic(poet, monkeypatch):
    state, calls, choose = poet.begin("", length=30, acrostic="空山人林"), [], poet._choose

    def failing(*given):
        calls.append(given)
        drawn = choose(*given)
        if len(calls) == 2:
            raise MemoryError
        return drawn

    monkeypatch.setattr(poet, "_choose", failing)
    with pytest.raises(MemoryError):
        poet.step([state])
    assert finished(poet, state) == finished(poet, poet.begin("", length=30, acrostic="空山人林"))


# ---- on a GPU: what a test without one can hold -------------------------------------------------


def test_weights_that_move_leave_their_graph_behind(folder):
    writer = catalog.from_folder(folder).load("cpu")
    writer.stepper._captured = object()
    writer.to("cpu")
    assert writer.stepper._captured is None


def test_a_capture_does_not_mind_what_other_threads_do(writer, monkeypatch):
    seen = {}

    class Anything:
        def __init__(self, *_, **options):
            seen.update(options)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def wait_stream(self, _):
            return None

    for name in ("Stream", "stream", "current_stream", "CUDAGraph", "graph"):
        monkeypatch.setattr(torch.cuda, name, Anything)
    stepper.CudaGraphStep(writer.stepper)
    assert seen == {"capture_error_mode": "thread_local"}


def test_only_the_end_of_a_long_prompt_is_read(writer):
    ends = [
        finished(writer, writer.begin(p + VERSE * 20, length=20))[0] for p in ("", "x" * 90_000)
    ]
    assert ends[0] == ends[1]


def test_a_poem_ends_by_itself_and_its_end_is_not_written(poet):
    endings = [
        finished(poet, poet.begin("", length=300, seed=s, temperature=2.0)) for s in range(9)
    ]
    assert any(len(text) < 300 for text, _ in endings)
    assert not any("\n" in text for text, _ in endings)


def test_an_acrostic_begins_its_lines_as_asked(poet):
    for seed in range(5):
        text, _ = finished(poet, poet.begin("", length=200, seed=seed, acrostic="空山人林"))
        lines = [line for line in re.split("[，。]", text) if line]
        assert [line[0] for line in lines[:4]] == list("空山人林")[: len(lines)]


def test_an_acrostic_of_a_character_it_does_not_know_is_still_written(poet):
    text, nats = finished(poet, poet.begin("", length=3, acrostic="龍"))
    assert text[0] == "龍" and np.isfinite(nats).all()


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("明月\n", "明月"),
        ("\n", ""),
        ("春眠不觉晓，\n", "春眠不觉晓，"),
        ("床前明月光，\n\n疑是地上霜。\n举头", "床前明月光，疑是地上霜。举头"),
        ("床前明月光\n疑是地上霜\n举头", "床前明月光，疑是地上霜。举头"),
        ("静夜思\n床前明月光，", "静夜思\n床前明月光，"),  # a title stands apart
        ("早发白帝城\n朝辞白帝彩云间，", "早发白帝城\n朝辞白帝彩云间，"),
        ("一，二。三，四。\n明月", "一，二。三，四。\n明月"),  # and so does a poem before
    ],
)
def test_a_poem_may_be_typed_line_by_line(typed, read):
    assert alphabet.in_rows(typed) == read == alphabet.in_rows(read)


# ---- views ------------------------------------------------------------------------------------


def test_surprise_of_a_text_is_one_number_for_each_character(writer):
    [seen] = writer.predict(["ROM€O"], view="nll")
    assert seen["characters"] == list("ROM€O") and seen["unknown"] == [3]
    assert len(seen["nats"]) == len(seen["probabilities"]) == 5 and all(n > 0 for n in seen["nats"])
    for odds in seen["probabilities"]:
        shares = [p for _, p in odds]
        assert len(odds) == 5 and shares == sorted(shares, reverse=True) and sum(shares) <= 1.0001


def test_what_it_does_not_know_changes_nothing_that_it_expects(writer):
    strange, plain = writer.predict(["ROM€€O", "ROMO"], view="nll")
    assert [strange["nats"][n] for n in (0, 1, 2, 5)] == plain["nats"]
    assert [strange["probabilities"][n] for n in (0, 1, 2, 5)] == plain["probabilities"]
    assert strange["probabilities"][3] == strange["probabilities"][4] == plain["probabilities"][3]
    strange, plain = writer.predict(["€RO", "RO"], view="probabilities")
    assert strange["probabilities"] == plain["probabilities"] and strange["unknown"] == [0]
    strange, plain = writer.predict(["R€O", "RO"], view="memory")
    assert strange["characters"] == ["R", "O"]
    assert (strange["layers"][1]["cells"] == plain["layers"][1]["cells"]).all()


def test_surprise_is_minus_the_log_of_the_odds(writer):
    [seen] = writer.predict(["R"], view="nll")
    [odds] = writer.predict([""], view="probabilities", top_k=100)
    assert seen["nats"][0] == pytest.approx(-np.log(dict(odds["probabilities"])["R"]), abs=1e-4)
    assert sum(p for _, p in odds["probabilities"]) + odds["rest"] == pytest.approx(1)
    assert 0 < odds["entropy"] <= np.log(len(writer.alphabet)) + 1e-6


def test_memory_shows_every_cell_of_every_layer(writer):
    [seen] = writer.predict([VERSE], view="memory")
    assert [layer["cells"].shape for layer in seen["layers"]] == [(len(VERSE), 32)] * 2
    assert all(np.abs(layer["cells"]).max() <= 1 for layer in seen["layers"])


def test_gates_are_those_of_the_network_itself(writer):
    [seen] = writer.predict([VERSE], view="gates", layer=1, cell=5)
    x = torch.tensor([writer.alphabet.encode(VERSE)])
    _, (_, c) = writer.network.cells(writer.network.embed(x))
    assert seen["cell"][-1] == pytest.approx(c[1, 0, 5].item(), abs=1e-4)
    for gate in ("input", "forget", "output"):
        assert len(seen[gate]) == len(VERSE) and all(0 <= v <= 1 for v in seen[gate])


def test_a_cell_that_is_not_there_is_the_nearest_that_is(writer):
    [seen] = writer.predict(["RO"], view="gates", layer=9, cell=10_000)
    assert (seen["layer"], seen["cell_index"]) == (1, 31)


@pytest.mark.parametrize("view", ["nll", "probabilities", "memory", "gates", "copies"])
@pytest.mark.parametrize("text", ["", "€", "x" * 5_000, "\n\n", "\u202eabc"])
def test_every_view_takes_any_text(writer, view, text):
    assert len(writer.predict([text, text], view=view)) == 2


def test_another_view_is_refused(writer):
    with pytest.raises(ViewUnsupported):
        writer.predict(["a"], view="soul")


def test_a_folder_whose_parts_do_not_fit_is_refused(tmp_path):
    broken = tiny(tmp_path / "broken")
    config = checkpoint.read_json(broken, "config.json")
    checkpoint.write_json(broken, "config.json", config | {"characters": "ab"})
    with pytest.raises(BadCheckpoint, match="do not fit"):
        catalog.from_folder(broken).load("cpu")


# ---- the copy meter ---------------------------------------------------------------------------

TRAINED_ON = "".join(random.Random(5).choices("abcdefgh ", k=30_000))


@pytest.mark.parametrize("stride", [1, 4])
def test_the_copy_meter_finds_the_longest_run_and_its_place(tmp_path, monkeypatch, stride):
    monkeypatch.setattr(copies, "MOST", len(TRAINED_ON) // stride)
    copies.save(tmp_path, TRAINED_ON, 12)
    checkpoint.write_json(tmp_path, "config.json", {"works": [["First", 0], ["Second", 15_000]]})
    print_ = copies.load(tmp_path)
    text = "zzzz" + TRAINED_ON[20_000:20_100] + "yyyy" + TRAINED_ON[500:540] + "xx"
    found = print_.report(text)
    assert 100 - 2 * stride < found["longest"] <= 100 and 4 <= found["start"] < 4 + stride
    assert found["where"]["work"] == "Second"
    assert found["where"]["share"] == pytest.approx(1 / 3, abs=0.01)
    assert [run["length"] > 30 for run in found["runs"]] == [True, True]


def test_of_poems_the_copy_meter_names_the_number(tmp_path):
    characters = random.Random(7).choices("春山空月花鸟水云风雨", k=20 * 300)
    lines = ["".join(characters[n : n + 5]) for n in range(0, len(characters), 5)]
    poems = ["，".join(lines[n : n + 4]) + "。" for n in range(0, len(lines), 4)]
    copies.save(tmp_path, "".join(f"{poem}\n" for poem in poems), 5)
    checkpoint.write_json(tmp_path, "config.json", {"works": []})
    meter = copies.load(tmp_path)
    for n in (0, 1, 170, 299):
        assert meter.report(poems[n])["where"] == {"work": None, "poem": n + 1, "of": 300}


def test_a_fingerprint_made_before_poems_were_told_apart_still_loads(tmp_path):
    from safetensors.numpy import save_file

    found = {"hashes": copies.hashes(TRAINED_ON, 12)}
    metadata = {"gram": "12", "stride": "1", "length": str(len(TRAINED_ON))}
    save_file(found, tmp_path / copies.FILE, metadata=metadata)
    checkpoint.write_json(tmp_path, "config.json", {"works": []})
    found = copies.load(tmp_path).report(TRAINED_ON[:40])
    assert found["longest"] == 40 and found["where"] == {"work": "", "share": 0.0}


def test_what_is_not_copied_is_not_found(tmp_path):
    copies.save(tmp_path, TRAINED_ON, 12)
    checkpoint.write_json(tmp_path, "config.json", {})
    text = "".join(random.Random(6).choices("abcdefgh ", k=5_000))
    found = copies.load(tmp_path).report(text)
    assert found["longest"] < 20
    assert copies.load(tmp_path).report("") == {
        "longest": 0, "start": 0, "where": None, "runs": [], "least": 12,
    }  # fmt: skip


def test_a_whole_copy_is_one_run(tmp_path):
    copies.save(tmp_path, TRAINED_ON, 12)
    checkpoint.write_json(tmp_path, "config.json", {})
    assert copies.load(tmp_path).report(TRAINED_ON[:3_000])["longest"] == 3_000


def test_the_fingerprint_is_no_text(folder):
    assert VERSE[:12].encode() not in (folder / copies.FILE).read_bytes()


# ---- what cells track -------------------------------------------------------------------------


def test_properties_are_one_number_for_each_character():
    for kind, text in (("verse", VERSE), ("quatrains", QUATRAINS), ("prose", VERSE)):
        for name, measure in memory.PROPERTIES[kind].items():
            assert measure(text).shape == (len(text),), name


def test_properties_say_what_they_are_called():
    verse, quatrains = memory.PROPERTIES["verse"], memory.PROPERTIES["quatrains"]
    text = "ROMEO:\nAy me\n"
    assert verse["inside_name"](text).tolist() == [1] * 6 + [0] * 7
    assert verse["line_position"](text)[7:12].tolist() == [1, 2, 3, 4, 5]
    assert quatrains["line_number"](QUATRAINS[:25])[[0, 6, 12, 18]].tolist() == [0, 1, 2, 3]


def test_a_cell_that_counts_is_found():
    """Among cells of noise, one that follows the place in the line."""
    rng = np.random.default_rng(0)
    cells = rng.normal(size=(2_000, 9))
    values = np.tile(np.arange(50.0), 40)
    cells[:, 6] += values / 10
    strengths = np.abs(memory.correlations(cells, values))
    assert strengths.argmax() == 6 and strengths[6] > 0.7 and np.delete(strengths, 6).max() < 0.2


def test_the_correlation_is_not_taken_where_the_cell_was_chosen(writer):
    text = VERSE * 60
    texts = memory.rows(text, "verse")
    rows = memory.search(writer.network, writer.alphabet, texts, "somewhere/held out", "verse")
    assert rows and rows == sorted(rows, key=lambda row: -abs(row["r"]))
    for row in rows:
        assert -1 <= row["r"] <= 1 and row["n"] <= len(text) // 2 + 1
        assert row["layer"] in (0, 1) and 0 <= row["cell"] < 32


def test_each_row_is_read_from_an_empty_state(writer):
    """What the cells hold after a text does not depend on the texts beside and before it."""
    texts = ["Ay me!\n", "ROMEO:\nGood night\n"]
    both = memory.read(writer.network, writer.alphabet, texts)
    for layer, alone in zip(
        both, memory.read(writer.network, writer.alphabet, texts[1:]), strict=True
    ):
        np.testing.assert_allclose(layer[len(texts[0]) :], alone, atol=1e-6)
    assert memory.rows(QUATRAINS, "quatrains") == QUATRAINS.splitlines(keepends=True)


def test_the_texts_of_a_folder_are_read_in_the_order_of_their_names(tmp_path):
    from pretrained.text import data

    (tmp_path / "letters").mkdir()
    (tmp_path / "b.txt").write_text("the second. " * 100)
    (tmp_path / "letters" / "c.md").write_text("the third. " * 100)
    (tmp_path / "a.txt").write_text("the first. " * 100)
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    (tmp_path / ".DS_Store").write_bytes(b"x")
    texts = data.own(tmp_path)
    whole = texts.train + texts.held_out
    assert whole.index("first") < whole.index("second") < whole.index("third")
    assert texts.told[0] == "3 files were read"
    assert texts.told[1].startswith("1 files were left out, it is one picture")
    assert texts.told[1].endswith("(picture.png)")


def test_a_folder_without_a_text_is_refused(tmp_path):
    from pretrained.errors import BadData
    from pretrained.text import data

    (tmp_path / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    with pytest.raises(BadData, match="no text in it"):
        data.own(tmp_path)
