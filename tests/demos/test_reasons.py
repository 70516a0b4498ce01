"""Why data are refused, and what was left out of them, on a Chinese page."""

from __future__ import annotations

import ast
import itertools
import json
import re
import tomllib
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from demos.language import Words, reasons
from demos.page.errors import sentence_of
from demos.training import previews
from demos.training.routes import sentence
from pretrained.errors import BadData

ROOT = Path(__file__).parent.parent.parent
TABLE = tomllib.loads(reasons.FILE.read_text("utf-8"))
PAIRS = [*TABLE["sentences"], *itertools.chain(*TABLE["parts"].values())]
FIELD = "{}"  # whatever is filled in
Seen = frozenset[ast.expr]


class Module:
    """The sentences of one file: what `BadData` gives as its reason and what is ``told``, with
    `FIELD` for whatever is filled in."""

    def __init__(self, file: Path) -> None:
        self.tree = ast.parse(file.read_text("utf-8"))
        self.within: dict[ast.AST, ast.AST] = {}
        for node in ast.walk(self.tree):
            for child in ast.iter_child_nodes(node):
                self.within[child] = node

    def scope(self, node: ast.AST) -> ast.AST:
        """The function that a node stands in, or the module."""
        while node in self.within:
            node = self.within[node]
            if isinstance(node, ast.FunctionDef):
                return node
        return self.tree

    def sentences(self) -> Iterator[str]:
        """All of them."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                owner, _, called = ast.unparse(node.func).rpartition(".")
                if called == "BadData":
                    given = [word.value for word in node.keywords if word.arg == "reason"]
                elif (owner, called) in (("told", "append"), ("left_out", "add")):
                    given = node.args[:1]
                else:
                    given = [word.value for word in node.keywords if word.arg == "told"]
                for value in given:
                    yield from self.texts(value)
            elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
                target = node.targets[0] if isinstance(node, ast.Assign) else node.target
                if ast.unparse(target) == "told" and node.value is not None:
                    yield from self.texts(node.value)

    def texts(self, value: ast.expr, seen: Seen = frozenset()) -> Iterator[str]:
        """What an expression may be as text; nothing where that is not to be seen here."""
        if value in seen:  # a reason that is made of the one before
            return
        seen |= {value}
        match value:
            case ast.Constant(value=str(text)):
                yield text
            case ast.JoinedStr(values=parts):
                each = [list(self.part(part, seen)) for part in parts]
                yield from ("".join(one) for one in itertools.product(*each))
            case ast.BinOp(left=left, right=right):
                pairs = itertools.product(self.texts(left, seen), self.texts(right, seen))
                yield from (a + b for a, b in pairs)
            case ast.IfExp(body=one, orelse=other):
                for either in (one, other):
                    nothing = isinstance(either, ast.Constant) and either.value is None
                    yield from list(self.texts(either, seen)) or [FIELD] * (not nothing)
            case ast.BoolOp(values=values) | ast.List(elts=values) | ast.Tuple(elts=values):
                for one in values:
                    yield from self.texts(one, seen)
            case ast.GeneratorExp(elt=one) | ast.ListComp(elt=one):
                yield from self.texts(one, seen)
            case ast.Starred(value=one) | ast.Subscript(value=one):
                yield from self.texts(one, seen)
            case ast.Dict(values=values):
                for one in values:
                    yield from self.texts(one, seen)
            case ast.Call(func=ast.Attribute(value=one, attr="get"), args=[_, other]):
                yield from self.texts(one, seen)
                yield from self.texts(other, seen)
            case ast.Call(func=ast.Attribute(attr="join"), args=[one]):
                yield from self.texts(one, seen)
            case ast.Name(id=name):
                for one in self.given(name, value):
                    yield from self.texts(one, seen)
            case ast.Call(func=ast.Name(id=name)):
                for one in self.returned(name):
                    yield from self.texts(one, seen)

    def part(self, part: ast.expr, seen: Seen) -> Iterator[str]:
        if isinstance(part, ast.FormattedValue):
            known: list[str] = []
            if isinstance(part.value, ast.Name):
                known = list(self.texts(part.value, seen))
            row = isinstance(part.value, ast.Name) and any(
                ast.unparse(one).startswith("', '.join") for one in self.given(part.value.id, part)
            )
            yield from [FIELD] if row or not any(" " in text for text in known) else known
        else:
            yield from self.texts(part, seen)

    def given(self, name: str, at: ast.AST) -> Iterator[ast.expr]:
        """Whatever a name is given: where it goes round, in its function, or in the module."""
        place, round_ = at, None
        while round_ is None and (place := self.within.get(place, self.tree)) is not self.tree:
            loops = [place] if isinstance(place, ast.For) else getattr(place, "generators", [])
            for loop in loops:
                names = [one.id for one in ast.walk(loop.target) if isinstance(one, ast.Name)]
                if name in names:
                    round_ = (loop.iter, names.index(name), len(names))
        if round_ is not None:
            yield from self.each(*round_, at)
            return
        for scope in (self.scope(at), self.tree):
            for node in ast.walk(scope):
                if scope is self.tree and self.scope(node) is not self.tree:
                    continue
                match node:
                    case ast.Assign(targets=[ast.Name(id=to)], value=value) if to == name:
                        yield value
                    case ast.NamedExpr(target=ast.Name(id=to), value=value) if to == name:
                        yield value
                    case ast.AugAssign(target=ast.Name(id=to), value=value) if to == name:
                        yield value
                    case ast.Call(
                        func=ast.Attribute(value=ast.Name(id=to), attr="append"), args=[value]
                    ) if to == name:
                        yield value

    def each(self, rows: ast.expr, number: int, of: int, at: ast.AST) -> Iterator[ast.expr]:
        """What one of ``of`` names is given by the rows that are written out here."""
        if isinstance(rows, ast.Name):
            for given in self.given(rows.id, at):
                yield from self.each(given, number, of, at)
        for row in rows.elts if isinstance(rows, ast.Tuple | ast.List) else ():
            if of == 1:
                yield row
            elif isinstance(row, ast.Tuple):
                yield row.elts[number]

    def returned(self, name: str) -> Iterator[ast.expr]:
        """What a function of this module gives."""
        for node in ast.walk(self.tree):
            match node:
                case ast.Return(value=ast.expr() as value) | ast.Yield(value=ast.expr() as value):
                    scope = self.scope(node)
                    if isinstance(scope, ast.FunctionDef) and scope.name == name:
                        yield value


def plain(template: str) -> str:
    """A template whose fields have no names."""
    return reasons.FIELD.sub(FIELD, template)


def collected(root: str) -> dict[str, str]:
    """Each sentence of the readers and recipes, and a file that has it."""
    found: dict[str, str] = {}
    for file in sorted((ROOT / root).rglob("*.py")):
        for text in Module(file).sentences():
            # What follows another sentence begins with the mark between them.
            alone = text.removeprefix(". ").removesuffix("; {}")
            if alone.count(" ") > 2:  # fewer: names of figures, say, and no sentence
                found.setdefault(alone, file.relative_to(ROOT).as_posix())
    begun = {text for text in found if any(one.startswith(f"{text}: ") for one in found)}
    return {text: file for text, file in found.items() if text not in begun}


def fields(template: str) -> list[str]:
    """The names of its fields."""
    return sorted(reasons.FIELD.findall(template))


@pytest.mark.parametrize("root", ["pretrained", "jobs"])
def test_every_reason_has_chinese(root: str) -> None:
    """Also what only the command line can meet, since a reader does not know who asked it."""
    known = {plain(english) for english, _ in PAIRS}
    missing = {text: file for text, file in collected(root).items() if text not in known}
    assert not missing, "write these into demos/language/reasons.zh.toml"


def test_what_is_collected_is_what_readers_say() -> None:
    """The collector sees a constant, an f-string, a name, a loop, another function's answer."""
    found = collected("pretrained")
    assert "{} characters are too few to learn from: give {} or more" in found
    assert "it is a PDF: save its text as a plain text file" in found
    assert "there is no such file or folder: check the path, perhaps {} is meant" in found
    assert "boxes cut at the edge of their picture" in found
    assert "it is a drawing (SVG): save it as PNG" in found
    assert len(found) > 130


def test_both_languages_have_the_same_fields() -> None:
    for english, chinese in PAIRS:
        assert fields(english) == fields(chinese), english
        assert len(set(fields(english))) == len(fields(english)), english


def test_every_sentence_is_found_by_itself() -> None:
    """No template takes the place of another that says more."""
    for english, chinese in TABLE["sentences"]:
        if set(fields(english)) & (reasons.KNOWN | reasons.SENTENCES | TABLE["parts"].keys()):
            continue
        filled = {name: "7" for name in fields(english)}
        assert reasons.said(english.format(**filled), "zh") == chinese.format(**filled)


@pytest.mark.parametrize(
    ("reason", "chinese"),
    [
        (
            "1819 characters are too few to learn from: give 2,000 or more",
            "只有 1819 个字符，太少，学不到什么，请至少提供 2,000 个",
        ),
        (
            "it holds 1 pictures: 3 or more are needed; boxes cut at the edge of their picture: 2 "
            "(a.jpg, b.jpg)",
            "只有 1 张图片，至少需要 3 张；超出图片、在边缘截断的方框：2（a.jpg, b.jpg）",
        ),
        (
            "it holds 9 pictures: 50 or more are needed. 2 of 11 pictures of faces are left out, "
            "this picture is damaged: remove or replace it (x.jpg, y.jpg)",
            "只有 9 张图片，至少需要 50 张。faces 的 11 张图片中有 2 张没有采用，"
            "原因是图片已损坏，请删除或更换（x.jpg, y.jpg）",
        ),
        (
            "line 3 has no tab between two sentences: mend it or take it out",
            "第 3 行的两个句子之间没有制表符，请补上或删去这一行",
        ),
        ("nobody knows this. It stays: as it is", "nobody knows this. It stays: as it is"),
    ],
)
def test_a_refusal_is_said_in_the_language_of_the_page(
    words: Words, reason: str, chinese: str
) -> None:
    error = BadData(path="mine", reason=reason)
    assert sentence_of(error, words.speaker("zh")) == f"mine 中的数据无法使用：{chinese}。"
    assert sentence_of(error, words.speaker("en")) == reasons.of_one(str(error))


def test_a_failed_training_says_its_reason_in_chinese(words: Words) -> None:
    given = {"path": "…", "reason": "it is empty: give pairs"}
    error = {"code": "bad_data", "fields": given}
    job: Any = types.SimpleNamespace(key="translation/en-fr", error=error)
    said = sentence(job, words.speaker("zh"))
    assert said == "… 中的数据无法使用：这是空的，请提供成对的句子。"


@pytest.mark.parametrize("name", previews.SENTENCES)
def test_a_preview_tells_in_the_language_of_the_page(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = Path("/uploads/7")
    shows = {name: [f"{top}/faces: its classes have splits; train is taken, not test"]}
    monkeypatch.setattr(previews, "of", lambda key: lambda data, key: dict(shows))
    found = {lang: previews.shown(top, "images/gan", top, lang)[name] for lang in ("en", "zh")}
    assert found["en"] == ["faces: its classes have splits; train is taken, not test"]
    assert found["zh"] == ["faces：各类的数据已划分成几部分，这里取 train，不取 test"]


def test_what_was_guessed_is_said_in_chinese() -> None:
    told = "by its sentences x.tsv has en in column 2 and fr in column 1"
    assert reasons.said(told, "zh") == "从句子看，x.tsv 的第 2 列是 en，第 1 列是 fr"
    assert reasons.said("a.txt: 3 zero bytes were left out", "zh") == "a.txt：去掉了 3 个零字节"


@pytest.mark.parametrize("name", ["x: left out (", "a. b; ", ": 3 (x) and 4 more. "])
def test_names_that_look_like_sentences_end(name: str) -> None:
    """As many as one text may hold: neither an error nor a text cut short."""
    text = name * (reasons.LONGEST // len(name))
    assert reasons.said(text, "zh").count("x") == text.count("x")


@pytest.mark.parametrize(
    ("name", "chinese"),
    [
        ("last 5% of my text.txt", "my text.txt 的最后 5%"),
        ("5% of pairs.tsv, kept aside", "从 pairs.tsv 中留出的 5%"),
        ("cats (kept aside)", "从 cats 中留出的部分"),
        ("flowers/validation", "flowers 验证集"),
        ("en-fr/test fr-en", "en-fr 测试集，fr-en 方向"),
        ("tinyshakespeare/train, last 10%", "tinyshakespeare 训练集的最后 10%"),
        ("a name of one's own", "a name of one's own"),
    ],
)
def test_what_was_kept_aside_is_called_in_chinese(name: str, chinese: str) -> None:
    assert reasons.held_out(name, "zh") == chinese and reasons.held_out(name, "en") == name


@pytest.mark.parametrize(
    ("name", "chinese"),
    [
        ("AMD EPYC, 1 thread", "AMD EPYC，1 个线程"),
        ("AMD EPYC, 16 threads", "AMD EPYC，16 个线程"),
        ("NVIDIA H200", "NVIDIA H200"),
    ],
)
def test_a_machine_is_named_in_chinese(name: str, chinese: str) -> None:
    assert reasons.hardware(name, "zh") == chinese and reasons.hardware(name, "en") == name


def test_what_every_bundled_model_learnt_from_is_said_in_chinese() -> None:
    """A bare name, such as cifar10/train, is none of either language."""
    cards = (ROOT / "pretrained").glob("*/checkpoints/*/metrics.json")
    told = [json.loads(card.read_text("utf-8")).get("training", {}).get("data") for card in cards]
    sentences = {name for name in told if name and re.search(r"[ ,]", name)}
    assert sentences
    for name in sentences:
        assert re.search("[一-鿿]", reasons.data(name, "zh")), name
        assert reasons.data(name, "en") == name
    rcnn = "none: nothing is learnt, it works with classification/imagenet"
    assert rcnn in sentences
    assert reasons.data(rcnn, "zh") == "没有：它什么都不学，靠 classification/imagenet 来辨认"


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("1 files were left out, empty (a)", "1 file was left out, empty (a)"),
        ("1 empty texts were left out", "1 empty text was left out"),
        ("1 lines of were.tsv were left out (3)", "1 line of were.tsv was left out (3)"),
        ("1 pairs say it twice and were left out", "1 pair says it twice and was left out"),
        ("it holds 1 pictures: 9 or more are needed", "it holds 1 picture: 9 or more are needed"),
        ("1 trainings are waiting already", "1 training is waiting already"),
        ("11 files were left out", "11 files were left out"),
        ("0.1 files were left out", "0.1 files were left out"),
        ("300 x 1 pixels, too small", "300 x 1 pixels, too small"),
    ],
)
def test_one_thing_is_told_as_one(many, one):
    assert reasons.said(many, "en") == one
