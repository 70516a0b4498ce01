"""The recipes of the pen and the reader, and their scores, on made-up handwriting."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_hands import strokes_of, write_split
from torch import Tensor, nn

from pretrained import catalog, checkpoint
from pretrained.cards import cards
from pretrained.errors import BadData, UnknownEntry
from pretrained.handwriting import data, evaluate, train
from pretrained.handwriting.data import Writing, place
from pretrained.metrics import ratio_of_sums
from training.run import Run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hands")
    write_split(path, "train")
    return write_split(path, "validation", writers=2, rows=5)


def one(text: str, writer: int = 0) -> Writing:
    return place(text, writer, [s * (1, -1) / 100 for s in strokes_of(text)])


def test_rows_come_at_the_same_size_whoever_wrote_them(folder: Path) -> None:
    writings, name = data.read(folder, "train")
    assert name == f"{folder.name}/train"
    assert {row.writer for row in writings} == {0, 1, 2, 3}
    for row in writings:
        xy = row.absolute()[:, :2]
        assert xy[:, 0].min() == pytest.approx(0, abs=0.1)
        assert 0.3 < np.ptp(xy[:, 1]) < 3


def test_lines_that_wrap_are_left_out() -> None:
    first = [s * (1, -1) / 100 for s in strokes_of("hello there")]
    second = [s + np.array([0, 3]) for s in first]
    assert not data.wraps(first)
    assert data.wraps([*first, *second])


def test_words_side_by_side_become_a_line(folder: Path) -> None:
    random = np.random.default_rng(0)
    words = [one("pen"), one("word")]
    line = data.join(words, random)
    assert line.text == "pen word"
    assert len(line) == sum(map(len, words))
    xy = line.absolute()
    first = xy[: len(words[0]), 0].max()
    assert 0.3 < xy[len(words[0]) :, 0].min() - first < 2.2
    assert xy[-1, :2] == pytest.approx(line.end, abs=1e-4)
    # The second word stands on the same baseline as it did alone.
    assert xy[len(words[0]) :, 1] == pytest.approx(words[1].absolute()[:, 1], abs=1e-4)


def test_writers_kept_aside_are_not_trained_on() -> None:
    rows = [one("pen", writer) for writer in range(20) for _ in range(3)]
    train_on, aside = data.apart(rows, 0.2)
    assert not {r.writer for r in train_on} & {r.writer for r in aside}
    assert len({r.writer for r in aside}) == 4


def test_rare_characters_are_seen_more_often() -> None:
    rows = [one("pen") for _ in range(500)] + [one("Q")]
    worth = data.repeats(rows)
    assert worth[0] == 1 and worth[-1] > 1


@pytest.mark.parametrize("name", ["reader", "pen"])
def test_two_steps_leave_a_checkpoint_that_serves(name: str, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / name
    train.train(f"handwriting/{name}", folder, out, Run(smoke=True, command="test"))
    entry = catalog.from_folder(out)
    config = checkpoint.read_json(out, "config.json")
    assert entry.task == "handwriting" and entry.parameters == config["parameters"] > 0
    for c in "QXZqxz0189 ":
        assert c in config["characters"]
    card = (out / "README.md").read_text()
    assert "CC BY 4.0" in card and "non-commercial" in card and "Guyon" in card
    model = entry.load("cpu")
    if name == "pen":
        [answer] = model.predict([{"text": "Quiz"}])
        assert len(answer["points"])
    else:
        [answer] = model.predict([strokes_of("pen")])
        assert isinstance(answer["text"], str)
        result = evaluate.evaluate(entry, folder)
        assert result["n"] == 10 and result["split"].endswith("/validation")
        assert json.dumps(result)


class Elsewhere(nn.Module):
    """A network on another device, which only looks where what it is given lies."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, device="meta"))
        self.seen: set[str] = set()

    def forward(self, *given: Tensor) -> None:
        self.seen |= {each.device.type for each in given}
        raise Reached


class Reached(Exception):
    pass


@pytest.mark.parametrize("name", ["pen", "reader"])
@pytest.mark.parametrize("what", ["loss", "evaluate"])
def test_batches_follow_the_network_to_its_device(name: str, what: str, folder: Path) -> None:
    task, _ = train.task_of(f"handwriting/{name}", folder, 0)
    net = Elsewhere()
    with pytest.raises(Reached):
        if what == "loss":
            task.loss(net, next(task.batches(0, 0.0)))
        else:
            task.evaluate(net)
    assert net.seen == {"meta"}


def test_unknown_keys_and_missing_data_are_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownEntry):
        train.train("handwriting/brush", folder, tmp_path)
    with pytest.raises(BadData):
        data.read(tmp_path, "train")
    (tmp_path / "train.parquet").write_bytes(b"no parquet")
    with pytest.raises(BadData):
        data.read(tmp_path, "train")


def test_a_perfect_copy_has_ratio_one_and_a_worse_one_more() -> None:
    wrong, total = np.array([1, 0, 2, 1]), np.array([5, 5, 5, 5])
    groups = evaluate.grouped([0, 0, 1, 1])
    assert ratio_of_sums(wrong, wrong, groups)["value"] == 1
    worse = ratio_of_sums(2 * wrong, wrong, groups)
    assert worse == {"value": 2, "low": 2, "high": 2}
    figure = ratio_of_sums(wrong, total, groups)
    assert figure["value"] == 0.2 and figure["low"] == 0.1 and figure["high"] == 0.3


def test_the_characters_that_were_read_are_found() -> None:
    assert evaluate.matched("cat", "cart") == [True, True, False, True]
    assert evaluate.matched("", "ab") == [False, False]
    table = evaluate.legibility(["cat", "Qb"], ["cart", "Qa"])
    assert table["Q"] == {"recall": 1, "n": 1} and table["a"] == {"recall": 0.5, "n": 2}


def test_a_bundled_pen_is_legible_beside_people() -> None:
    folder = catalog.folder_of("handwriting/pen")
    if not (folder / "metrics.json").exists():
        pytest.skip("no pen is bundled")
    [result] = checkpoint.read_json(folder, "metrics.json")["results"]
    assert result["n"] >= 400
    assert result["metrics"]["cer_ratio"]["value"] <= result["target"]["cer_ratio"] == 1.5
    for c in "QXZ0123456789":
        assert c in result["per_class"]


def test_no_stroke_of_the_data_is_shipped() -> None:
    """What is shipped of a hand is one state of fixed size, not a sequence."""
    config = {"styles"} <= set(
        checkpoint.read_json(catalog.folder_of("handwriting/pen"), "config.json")
    )
    assert config
    states = checkpoint.load_weights(catalog.folder_of("handwriting/pen"), "styles.safetensors")
    assert all(state.ndim == 2 for state in states.values())


def test_every_data_source_is_named() -> None:
    assert all("Guyon" in cards()[key].limits for key in train.RECIPES)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("pen.zip", b"PK\3\4", "it is an archive: unpack it"),
        ("pen.parquet", b"PAR1", "not a readable Parquet file"),
        ("near.parquett", None, "no such file or folder"),
    ],
)
def test_what_is_no_table_of_writings_is_told_for_what_it_is(tmp_path, name, content, said):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadData, match=said):
        data.rows(tmp_path / name, "train")


def test_a_missing_column_of_writings_is_named(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as parquet

    columns = {name: ["a"] for name in data.COLUMNS if name != "dy"}
    parquet.write_table(pa.table(columns), tmp_path / "train.parquet")
    with pytest.raises(BadData, match="it has no column dy: text, writer, dx, dy, pen_up are"):
        data.rows(tmp_path, "train")
