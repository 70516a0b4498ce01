"""The pen and the reader as they are served, with small random networks and made-up strokes."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
import torch
from tiny_hands import ALPHABET, strokes_of

from pretrained.errors import Refusal
from pretrained.handwriting import alphabet, hand, serve, strokes, svg
from pretrained.handwriting.errors import (
    BadStrokes,
    NoSuchHand,
    NothingToWrite,
    NotSpelled,
    OnePoint,
    TooLong,
)
from pretrained.handwriting.model import PenNet, features, nll
from pretrained.handwriting.read import Reader
from pretrained.handwriting.reader import ReaderNet, errors, greedy
from pretrained.handwriting.serve import MOST, Pen
from pretrained.handwriting.styles import prime


@pytest.fixture(scope="module")
def network() -> PenNet:
    torch.manual_seed(3)
    net = PenNet(ALPHABET, hands=3, hand=6, first=24, second=28, window=3, mixture=4)
    with torch.no_grad():  # livelier than at the start, so that a wrong bit would show
        net.steer.bias[-3:] += 0.7
        net.head.weight *= 3
    return net.eval()


@pytest.fixture(scope="module")
def pen(network: PenNet) -> Pen:
    return Pen(network, {"styles": []}, "cpu", {})


def own_hand() -> dict[str, object]:
    drawn = [(stroke * (1, -1)).tolist() for stroke in strokes_of("hello")]
    return {"strokes": drawn, "written": "hello"}


def alone(pen: Pen, job: dict[str, object]) -> list[serve.Point]:
    state, points = pen.begin(**job), []
    while not state.done:
        points += pen.step([state])[0] or ()
    return points


def test_sixty_four_writings_at_once_each_get_what_they_get_alone(pen: Pen) -> None:
    texts = ["word", "a", "Quiz 42", "hello, pen.", "Xenon 0123456789", "end of a longer line"]
    jobs: list[dict[str, object]] = []
    for n in range(64):
        more = own_hand() if n % 5 == 0 else {}
        job = {"text": texts[n % 6], "seed": n, "bias": n % 3 / 2, "trace": n % 4 == 0}
        jobs.append({**job, **more})
    expected = [alone(pen, job) for job in jobs]
    random = np.random.default_rng(0)
    waiting, live, found = list(range(64)), {}, {n: [] for n in range(64)}
    left: set[int] = set()
    while waiting or live:
        for _ in range(int(random.integers(0, 12))):
            if waiting:
                n = waiting.pop(int(random.integers(len(waiting))))
                live[n] = pen.begin(**jobs[n])
        if len(live) > 3 and random.random() < 0.05:  # a visitor leaves in the middle
            gone = int(random.choice(list(live)))
            left.add(gone)
            del live[gone]
        order = [int(n) for n in random.permutation(list(live))]
        for n, points in zip(order, pen.step([live[n] for n in order]), strict=True):
            found[n] += points or ()
        live = {n: state for n, state in live.items() if not state.done}
    for n in range(64):
        whole = expected[n] if n not in left else expected[n][: len(found[n])]
        assert found[n] == whole, n


@pytest.mark.parametrize("fails_at", [2, 7, 50, 51])
def test_a_step_that_fails_leaves_its_writings_as_they_were(
    pen: Pen, monkeypatch: pytest.MonkeyPatch, fails_at: int
) -> None:
    jobs = [{"text": "word", "seed": 1}, {"text": "pen", "seed": 2, **own_hand()}]
    expected = [alone(pen, job) for job in jobs]
    states, found = [pen.begin(**job) for job in jobs], [[], []]
    calls, whole = [], pen._point

    def failing(*given: object) -> serve.Point | None:
        calls.append(given)
        point = whole(*given)
        if len(calls) == fails_at:
            raise MemoryError
        return point

    monkeypatch.setattr(pen, "_point", failing)
    while live := [n for n, state in enumerate(states) if not state.done]:
        try:
            steps = pen.step([states[n] for n in live])
        except MemoryError:
            steps = pen.step([states[n] for n in live])
        for n, points in zip(live, steps, strict=True):
            found[n] += points or ()
    assert len(calls) > fails_at and found == expected


def test_another_seed_is_another_drawing(pen: Pen) -> None:
    assert alone(pen, {"text": "word", "seed": 1}) != alone(pen, {"text": "word", "seed": 2})


def test_the_served_step_agrees_with_the_training_network(pen: Pen, network: PenNet) -> None:
    text = "Quiz 42"
    given = np.random.default_rng(0).normal(0, 0.3, (9, 3))
    given[:, 2] = 0
    numbers = torch.tensor([alphabet.encode(text, ALPHABET)])
    with torch.no_grad():
        raw, phi = network(torch.from_numpy(given).float()[None], numbers, torch.tensor([2]))
    memory = pen.stepper.begin()
    for t in range(len(given)):
        [memory], step, [window] = pen.stepper(
            [memory], given[t : t + 1], pen.stepper.hands[2:3], [numbers[0].numpy()], [0]
        )
        assert np.abs(step[0].numpy() - raw[0, t].numpy()).max() < 0.05
        assert np.abs(window - phi[0, t].numpy()).max() < 0.01


def test_a_primed_hand_goes_on_as_if_it_had_just_been_read(pen: Pen, network: PenNet) -> None:
    from pretrained.handwriting.data import place

    drawn = [s * (1, -1) / 100 for s in strokes_of("hello")]
    line = place("hello", 0, drawn)
    saved = {name: value[None] for name, value in prime(pen, line, 1).items()}
    styled = Pen(network, {"styles": [{"name": "Hand 1"}]}, "cpu", saved)
    first = styled.predict([{"text": "pen", "style": 0, "seed": 4}])[0]
    assert isinstance(first, dict)
    assert len(first["points"]) and np.isfinite(first["points"]).all()
    assert set(first["at"]) <= {0, 1, 2}


def test_a_line_tells_where_it_looks_and_where_it_may_go(pen: Pen) -> None:
    [line] = pen.predict([{"text": "a\u2019\U0001f600 pen", "seed": 1, "trace": True}])
    assert isinstance(line, dict)
    count = len(line["points"])
    assert line["points"].shape == (count, 3) and len(line["at"]) == count
    assert line["window"].shape == (count, 7) and (line["window"][:, 2] == 0).all()
    assert (line["window"] >= 0).all() and (line["window"].sum(1) <= 1 + 1e-9).all()
    heavy = line["mixture"][0]
    assert len(heavy) == serve.SHOWN and all(len(each) == 6 for each in heavy)
    assert [each[0] for each in heavy] == sorted((each[0] for each in heavy), reverse=True)
    assert line["points"][-1, 2] == 1
    assert isinstance(line["complete"], bool)


def test_a_line_has_a_bound_of_points(network: PenNet) -> None:
    stuck = Pen(network, {"styles": []}, "cpu", {})
    stuck.stepper.steer.bias[-3:] = -20  # a window that never moves
    [line] = stuck.predict([{"text": "word"}])
    assert isinstance(line, dict)
    assert not line["complete"]
    assert len(line["points"]) == serve.POINTS_MORE + 4 * serve.POINTS_EACH


@pytest.mark.parametrize(
    ("job", "refusal"),
    [
        ({"text": ""}, NothingToWrite),
        ({"text": "  \n\t "}, NothingToWrite),
        ({"text": "\u4f60\u597d \U0001f600 \u05e9\u05dc\u05d5\u05dd \x00"}, NothingToWrite),
        ({"text": "a" * (MOST + 1)}, TooLong),
        ({"text": "a" * 100_000}, TooLong),
        ({"text": "a", "style": 0}, NoSuchHand),
        ({"text": "a", "style": -1}, NoSuchHand),
        ({"text": "a", "strokes": [], "written": "a"}, OnePoint),
        ({"text": "a", "strokes": [[(5, 5)]], "written": "a"}, OnePoint),
        ({"text": "a", "strokes": [[(5, 5), (5, 5)]], "written": "a"}, OnePoint),
        ({"text": "a", "strokes": [[(5, 5), (9, float("nan"))]], "written": "a"}, BadStrokes),
        ({"text": "a", "strokes": [[(5, 5, 5), (1, 2, 3)]], "written": "a"}, BadStrokes),
        ({"text": "a", "strokes": ["ab"], "written": "a"}, BadStrokes),
        ({"text": "a", "strokes": 7, "written": "a"}, BadStrokes),
        ({"text": "a", "strokes": [[(0, 0)] * 20_001], "written": "a"}, BadStrokes),
        ({"text": "a", "strokes": [[(0, 0), (9, 9)]], "written": ""}, NotSpelled),
        ({"text": "a", "strokes": [[(0, 0), (9, 9)]], "written": "\u4f60"}, NotSpelled),
    ],
)
def test_bad_input_is_refused_in_a_sentence(
    pen: Pen, job: dict[str, object], refusal: type[Refusal]
) -> None:
    with pytest.raises(refusal):
        pen.begin(**job)
    good, bad = pen.predict([{"text": "a"}, job])
    assert isinstance(good, dict) and isinstance(bad, refusal) and str(bad)


def test_a_line_without_height_still_has_a_size(pen: Pen) -> None:
    points, width = hand.line([[(0, 0), (40, 0)]], "-")
    assert np.isfinite(points).all() and width == pytest.approx(4)


def test_unknown_characters_are_named_and_read_over() -> None:
    assert alphabet.missing("caf\u00e9 \u4f60\u597d\u4f60!", ALPHABET) == [
        "\u00e9",
        "\u4f60",
        "\u597d",
        "!",
    ]
    spelled, places = alphabet.spell("  a\u4f60  b\u2026\n", ALPHABET)
    assert spelled == "a b..."
    assert places == [2, 4, 6, 7, 7, 7]


def test_long_text_becomes_lines() -> None:
    text = "the pen writes one line at a time\n\nand then " + "x" * 30
    found = alphabet.wrap(text, most=12)
    words = ["the pen", "writes one", "line at a", "time", "and then"]
    assert found == [*words, "x" * 12, "x" * 12, "x" * 6]
    assert alphabet.wrap("") == [] and alphabet.wrap(" \n ") == []
    with pytest.raises(ValueError):
        alphabet.wrap("a", most=0)


def test_a_picture_is_safe_svg_with_words_for_those_who_cannot_see_it() -> None:
    points = np.array([[0, 0, 0], [1, -1, 0], [2, 0, 1], [3, -1, 1]], float)
    drawn = svg.picture([points, points], text='<script>"&\x00', title="A & B", colour='"x')
    root = ElementTree.fromstring(drawn)
    space = "{http://www.w3.org/2000/svg}"
    assert root.find(f"{space}title").text == "A & B"  # type: ignore[union-attr]
    assert root.find(f"{space}desc").text == '<script>"& '  # type: ignore[union-attr]
    assert len(root.findall(f".//{space}path")) == 4
    assert "<script" not in drawn
    ElementTree.fromstring(svg.picture([]))
    told = json.loads(json.dumps(svg.document([points], "ab")))
    assert told["lines"][0] == [[[0, 0], [1, -1], [2, 0]], [[3, -1]]]


def test_thinning_keeps_ends_and_forgets_the_rate_of_the_device() -> None:
    circle = np.linspace(0, 2 * np.pi, 40)
    slow, fast = (
        np.stack([np.cos(t), np.sin(t)], 1) / 2 for t in (circle, np.linspace(0, 2 * np.pi, 400))
    )
    few, many = strokes.thin(slow), strokes.thin(fast)
    assert len(few) == len(many) < 12
    assert np.allclose(few, many, atol=0.03)
    assert np.allclose(few[[0, -1]], slow[[0, -1]], atol=1e-6)
    assert strokes.resample([np.zeros((1, 2))]).tolist() == [[0, 0, 1]]


def test_inputs_stay_where_serving_is_exact() -> None:
    wild = torch.tensor([[1e9, -1e9, 1.0], [0.0, 0.0, 0.0]])
    assert features(wild).abs().max() <= 1


def test_surprise_is_the_density_of_the_mixture() -> None:
    raw = torch.zeros(1, 1, 6 * 1 + 3)
    where, state = nll(raw, torch.zeros(1, 1, 2), torch.zeros(1, 1, dtype=torch.long), 1)
    # One Gaussian with deviations of 1/e, at its middle; three equally likely states.
    assert where.item() == pytest.approx(np.log(2 * np.pi) - 2, abs=1e-5)
    assert state.item() == pytest.approx(np.log(3), abs=1e-5)


def test_the_gradient_in_one_product_is_the_gradient(network: PenNet) -> None:
    """Against finite differences of the recurrent weight."""
    torch.manual_seed(0)
    net = PenNet("ab", hands=1, hand=2, first=4, second=3, window=2, mixture=2).double()
    points, text = torch.randn(2, 5, 3).double(), torch.tensor([[1, 2], [2, 0]])
    hand_ = torch.tensor([0, 1])

    def value() -> torch.Tensor:
        raw, _ = net(points, text, hand_)
        return raw.square().mean()

    value().backward()
    weight = net.inner.weight
    for row, column in ((0, 0), (5, 3), (11, 6), (15, 1)):
        with torch.no_grad():
            weight[row, column] += 1e-5
            above = value()
            weight[row, column] -= 2e-5
            below = value()
            weight[row, column] += 1e-5
        slope = (above - below) / 2e-5
        assert weight.grad is not None
        assert weight.grad[row, column].item() == pytest.approx(slope.item(), abs=1e-7)


def test_the_reader_reads_alone_what_it_reads_in_a_padded_batch() -> None:
    torch.manual_seed(0)
    net = ReaderNet(ALPHABET, width=8, units=6).eval()
    short, long = torch.randn(1, 7, 3), torch.randn(1, 20, 3)
    both = torch.zeros(2, 20, 3)
    both[0, :7], both[1] = short, long
    with torch.no_grad():
        one, n = net(short, torch.tensor([7]))
        two, m = net(both, torch.tensor([7, 20]))
    assert n[0] == m[0] == 4
    assert torch.allclose(one[0], two[0, :4], atol=1e-5)


def test_the_reader_takes_strokes_and_writings_and_refuses_dots() -> None:
    torch.manual_seed(0)
    reader = Reader(ReaderNet(ALPHABET, width=8, units=6), {}, "cpu")
    drawn = [stroke.tolist() for stroke in strokes_of("pen")]
    written = np.array([[0, 0, 0], [1, -1, 0], [2, 0, 1]], float)
    a, b, c = reader.predict([drawn, written, [[(1, 1)]]])
    assert set(a) == set(b) == {"text", "confidence"}
    assert isinstance(c, OnePoint)


def test_repeats_and_blanks_are_not_read() -> None:
    path = [0, 1, 1, 0, 1, 2, 2, 0]
    logits = torch.full((1, 8, 3), -5.0)
    logits[0, range(8), path] = 5
    [(text, confidence)] = greedy(logits, torch.tensor([8]), "ab")
    assert text == "aab" and confidence > 0.99
    assert errors("kitten", "sitting") == 3 and errors("", "ab") == 2
