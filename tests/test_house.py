"""The house's rules: which way imports run, what starting must not load, that every word is there
in both languages, that the README tells the truth."""

from __future__ import annotations

import ast
import html
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import app
from demos import TABS, language
from demos.language import Words
from inference import Engine, Settings
from pretrained import catalog
from pretrained.cards import TASKS
from pretrained.errors import Refusal

ROOT = Path(__file__).parent.parent
#: What each part may import of the others.
MAY_IMPORT = {
    "training": set(),
    "pretrained": {"training"},
    "jobs": {"pretrained", "training"},
    "inference": {"pretrained", "training"},
    "demos": {"inference", "jobs", "pretrained", "training"},
    "app": {"demos", "inference", "jobs", "pretrained", "training"},
    "benchmarks": {"demos", "inference", "jobs", "pretrained", "training"},
    "experiments": {"demos", "inference", "pretrained", "training"},
}
HEAVY = ("torch", "torchvision", "timm", "transformers", "diffusers", "sklearn", "skimage")
SOURCES = [
    path
    for part in MAY_IMPORT
    for path in ([ROOT / f"{part}.py"] if part == "app" else sorted((ROOT / part).rglob("*.py")))
]


def imported(path: Path) -> set[str]:
    """The top-level names that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    part = path.relative_to(ROOT).parts[0].removesuffix(".py")
    others = imported(path) & (set(MAY_IMPORT) - {part})
    assert others <= MAY_IMPORT[part], f"{part} may not import {others - MAY_IMPORT[part]}"


def test_only_the_page_knows_gradio() -> None:
    knows = {path.relative_to(ROOT).parts[0] for path in SOURCES if "gradio" in imported(path)}
    assert knows <= {"app.py", "demos", "benchmarks"}  # the rivals of the page are pages too


def run(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "PYTHONPATH": str(cwd)},
    )


def test_building_the_page_loads_nothing_heavy() -> None:
    """Importing app and building the whole page, as the server does before it listens."""
    program = f"""
import sys, json, app
from demos.language import Words
from inference import Engine, Settings
from pretrained import catalog
app.build(Engine(catalog.entries(), Settings()), Words())
print(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))
"""
    done = run("-c", program)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_inference_imports_no_torch() -> None:
    done = run("-c", f"import sys, inference; print([m for m in {HEAVY!r} if m in sys.modules])")
    assert done.stdout.strip() == "[]", done.stderr


def test_help_names_every_setting() -> None:
    from inference import Settings

    done = run("app.py", "--help")
    assert done.returncode == 0, done.stderr
    for name in Settings.model_fields:
        assert "--" + name.replace("_", "-") in done.stdout
    assert "BREAKTHROUGHS_" in done.stdout


def test_a_wrong_setting_is_refused_in_a_sentence() -> None:
    done = run("app.py", "--port", "many")
    assert done.returncode == 2
    assert "--port" in done.stderr and "Traceback" not in done.stderr


def test_a_taken_port_is_said_in_a_sentence() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run("app.py", "--port", port)
    assert done.returncode == 2
    assert f"Port {port}" in done.stderr and "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_that_cannot_be_preloaded_is_said_in_a_sentence(tmp_path: Path) -> None:
    """A checkpoint whose weights broke off: found at load, not by looking at the folder."""
    whole = Path(catalog.entries()["classification/cifar10"].folder or "")
    broken = shutil.copytree(whole, tmp_path / "broken")
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    done = run("app.py", "--port", "0", "--model", str(broken), "--preload")
    assert done.returncode == 2
    assert str(broken) in done.stderr and "is damaged" in done.stderr
    assert "Traceback" not in done.stderr


# ---- words -------------------------------------------------------------------------------------

EN, ZH = language.read("en"), language.read("zh")


def test_every_key_is_in_both_languages() -> None:
    assert EN.keys() == ZH.keys(), sorted(EN.keys() ^ ZH.keys())


@pytest.mark.parametrize("key", sorted(EN))
def test_both_languages_have_the_same_fields(key: str) -> None:
    fields = [set(re.findall(r"\{(\w+)", table[key])) for table in (EN, ZH)]
    assert fields[0] == fields[1]
    assert EN[key].strip() and ZH[key].strip()


#: Words that are the same in both languages: names, abbreviations, and what people call things.
SAME = {"house.name", "house.api", "home.net.tanh", "home.net.relu", "model.classification_hog_svm"}
SAME |= {"metric.bleu", "metric.chrf"} | {
    f"translation.chart.{name}" for name in ("bleu", "chrf", "network.transformer")
}
SAME |= {"classification.start.cifar10"}
SAME |= {"images.today.example"}  # for a model that reads English only


def test_chinese_is_chinese() -> None:
    same = {key for key in EN if EN[key] == ZH[key] and re.search(r"[A-Za-z]{2}", EN[key])}
    fields_only = {
        key for key in same if not re.search(r"[A-Za-z]{2}", re.sub(r"\{.*?\}", "", EN[key]))
    }
    assert same - fields_only <= SAME, sorted(same - fields_only - SAME)


#: A half-width mark right after a Chinese character or quotation mark, outside code.
HALF_WIDTH = re.compile(r"[\u3400-\u9fff\u3001-\u301f\uff00-\uffef”’][ ]?[,:;?!](?!//)")


def chinese_texts() -> dict[str, str]:
    """What a visitor reads in Chinese: every word, every article, and the pieces of page that are
    made of them, each without its code, its addresses and its markup."""
    words = Words()
    app.build(Engine(catalog.entries(), Settings()), words)
    texts = dict(words.tables["zh"])
    texts |= {str(file): file.read_text("utf-8") for file in (ROOT / "demos").glob("*/*.zh.md")}
    code = re.compile(
        r"<(code|pre|style|script)\b.*?</\1>|```.*?```|`[^`]*`|\]\([^)]*\)", re.DOTALL
    )
    return {key: html.unescape(code.sub("", text)) for key, text in texts.items()}


def test_gradio_sums_up_no_events() -> None:
    """It would after each one, over the last 10,000, for a page that we do not open."""
    queue = app.build(Engine(catalog.entries(), Settings()), Words())._queue
    queue.events_recorded = 10_000
    done = {"function": "classify", "status": "success", "process_time": 0.1}
    assert queue.compute_analytics_summary([done]) == {"functions": {}}


def test_chinese_has_chinese_punctuation() -> None:
    found = {
        key: text[max(match.start() - 12, 0) : match.end() + 4]
        for key, text in chinese_texts().items()
        for match in [HALF_WIDTH.search(re.sub(r"</?(b|i|em|strong|span|small)\b[^>]*>", "", text))]
        if match
    }
    assert not found


@pytest.mark.parametrize("text", ["损失: 网络", "达标,", "“照片网络” : 好"])
def test_half_width_marks_are_found(text: str) -> None:
    assert HALF_WIDTH.search(text)


def test_keys_used_in_code_exist() -> None:
    """Keys written out in the code of demos/: words("..."), say("..."), say.plain("...")."""
    used = re.compile(r"""\b(?:words|say|say\.plain)\(\s*"([a-z_]+(?:\.[a-z0-9_]+)+)\"""")
    found = 0
    for path in [*(ROOT / "demos").rglob("*.py"), ROOT / "app.py"]:
        for match in used.finditer(path.read_text("utf-8")):
            found += 1
            assert match[1] in EN, f"{path.name} says {match[1]}, which no vocabulary has"
    assert found > 300, "the ways to say a word have changed: so must this test"


@pytest.mark.parametrize("article", sorted((ROOT / "demos").glob("*/learn.*.md")), ids=str)
def test_articles_name_files_that_exist(article: Path) -> None:
    named = re.findall(r"`((?:demos|inference|pretrained|training|experiments)/[\w./]+)`",
                       article.read_text("utf-8"))  # fmt: skip
    assert named and all((ROOT / name).exists() for name in named), named


def refusals(kind: type[Refusal] = Refusal) -> list[type[Refusal]]:
    return [kind, *(child for sub in kind.__subclasses__() for child in refusals(sub))]


#: Names a place on the server: for whoever runs it, not for a visitor.
WITHHELD = {"bad_checkpoint", "jobs_elsewhere"}


def test_every_refusal_says_on_the_page_what_it_says_in_code() -> None:
    import jobs.errors  # noqa: F401
    from demos.pictures import SENTENCES

    said = dict(SENTENCES)
    for kind in refusals():
        if kind.__module__.startswith(("pretrained", "inference", "demos", "jobs")):
            said[kind.code] = kind.sentence
    for code, sentence in said.items():
        if code in WITHHELD:
            assert "{path}" in sentence and not re.search(r"{\w+}", EN[f"error.{code}"])
        else:
            assert EN.get(f"error.{code}") == sentence


def test_every_tab_has_a_title_in_both_languages() -> None:
    for tab in TABS:
        for key in (f"{tab}.tab", f"{tab}.title", f"{tab}.lead"):
            assert key in EN


# ---- README ------------------------------------------------------------------------------------

README = (ROOT / "README.md").read_text("utf-8")


def test_readme_opens_with_the_spaces_front_matter() -> None:
    import gradio

    assert README.startswith("---\n")
    front = README.split("---\n")[1]
    assert "sdk: gradio\n" in front and "app_file: app.py\n" in front
    assert f"sdk_version: {gradio.__version__}\n" in front
    about = re.search(r"short_description: (.+)", front)
    assert about and len(about[1]) <= 60  # the Hub's limit


def test_readme_names_only_what_exists() -> None:
    tree = README.split("```\napp.py")[1].split("```")[0]
    folder = ""
    for line in ("app.py" + tree).splitlines():
        names = re.findall(r"^( *)((?:[\w.]+/?  ?)+)", line)
        if not names:
            continue
        indent, listed = names[0]
        for name in re.findall(r"[\w.]+\.py|[\w.]+/", listed):
            path = ROOT / (folder if indent else "") / name
            assert path.exists(), f"README lists {path.relative_to(ROOT)}"
        if not indent:
            folder = listed.split()[0] if listed.split()[0].endswith("/") else ""


def test_picture_in_readme_exists() -> None:
    for picture in re.findall(r"!\[.*?\]\((.+?)\)", README):
        assert (ROOT / picture).is_file(), picture


def test_a_tab_is_added_as_the_readme_says(tmp_path: Path) -> None:
    """Follows "Add a tab in five minutes" to the letter in a copy, and builds the page."""
    blocks = re.findall(r"```\w+ file=(\S+)\n(.*?)```", README, re.S)
    assert {name for name, _ in blocks} >= {"demos/__init__.py"}
    for part in ("demos", "inference", "jobs", "pretrained", "training"):
        shutil.copytree(
            ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "runs")
        )
    shutil.copy(ROOT / "app.py", tmp_path)
    for name, text in blocks:
        file = tmp_path / name
        if file.exists():  # the one line that is added, and nothing else changed
            before, after = file.read_text("utf-8").splitlines(), text.splitlines()
            assert [line for line in after if line in before] == before
            assert len(after) == len(before) + 1
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    program = """
import app
from demos.language import Words
from inference import Engine, Settings
from pretrained import catalog
words = Words()
page = app.build(Engine(catalog.entries(), Settings()), words)
blocks = [b for b in page.blocks.values()]
assert any(type(b).__name__ == "Tab" and b.id == "length" for b in blocks)
assert any("这句话有多长" in str(t) for t in words.tables["zh"].values())
fn = next(f for f in page.fns.values() if f.name == "measure")
print(fn.fn("abc", None))
"""
    done = run("-c", program, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "3 characters" in done.stdout


def test_a_model_is_added_as_the_readme_says(tmp_path: Path) -> None:
    """Follows "Add a model in five minutes" to the letter in a copy: the contract tests find it, it
    stands on the page, and the API answers with it."""
    files = re.findall(r"```\w+ file=(pretrained/\S+)\n(.*?)```", README, re.S)
    [(place, entry)] = re.findall(r"```\w+ in=(\S+)\n(.*?)```", README, re.S)
    ignored = shutil.ignore_patterns("__pycache__", "runs")
    for part in ("demos", "inference", "jobs", "pretrained", "training", "tests/pretrained"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=ignored)
    for name in ("app.py", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    for name, text in files:
        assert not (tmp_path / name).exists()
        (tmp_path / name).write_text(text, "utf-8")
    before = (tmp_path / place).read_text("utf-8")
    assert before.count("CODE: tuple[Entry, ...] = ()\n") == 1
    after = before.replace("CODE: tuple[Entry, ...] = ()\n", entry)
    (tmp_path / place).write_text(after, "utf-8")
    tests = run("-m", "pytest", "-q", "-n0", "tests/pretrained/test_catalog.py", "-k", "bright",
                cwd=tmp_path)  # fmt: skip
    assert tests.returncode == 0 and "2 passed" in tests.stdout, tests.stdout
    program = """
import asyncio
import app
import numpy as np
from PIL import Image
from demos.classification import answers
from demos.language import Words
from inference import Engine, Settings
from pretrained import catalog
engine = Engine(catalog.entries(), Settings())
page = app.build(engine, Words())
[models] = [b for b in page.blocks.values() if getattr(b, "elem_id", "") == "classify-model"]
assert "classification/brightness" in [key for _, key in models.choices]
white = Image.fromarray(np.full((40, 40, 3), 250, np.uint8))
print(asyncio.run(answers.ask(engine, "classification/brightness", white)).label)
engine.close()
"""
    done = run("-c", program, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("day")


# ---- project files -----------------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS)
def test_a_package_says_where_to_begin_reading(task: str) -> None:
    folder = ROOT / "pretrained" / task
    told = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))) or ""
    named = re.findall(r"`(\w+)`", told)
    assert sorted(named) == sorted({path.stem for path in folder.glob("*.py")} - {"__init__"})


def test_requirements_are_what_is_imported() -> None:
    """requirements.txt lists every package that the app's own code imports, those whose weights it
    reads, and no other."""
    names = {
        "PIL": "pillow", "skimage": "scikit-image", "sklearn": "scikit-learn",
        "pydantic_settings": "pydantic-settings", "prometheus_client": "prometheus-client",
        "huggingface_hub": "huggingface-hub", "pillow_heif": "pillow-heif",
    }  # fmt: skip
    brought = {"fastapi", "pydantic", "anyio", "spaces"}  # by gradio
    brought |= {"httpx2", "filelock"}  # by huggingface-hub
    brought |= {"mcp", "mcp_types"}  # by whoever runs the server with --mcp
    brought |= {"onnxruntime"}  # by whoever wants an ONNX file held against torch
    brought |= {"ray"}  # by whoever runs the server with --engine ray: requirements-ray.txt
    brought |= {"wordfreq"}  # by whoever chooses a dictionary's words anew: experiments
    listed = set(re.findall(r"^([a-z0-9-]+)", (ROOT / "requirements.txt").read_text(), re.M))
    used = {"torchvision"}  # timm imports it, and it has to match torch
    used |= {wheel.package for wheel in catalog.WHEELS.values()} & listed
    for path in SOURCES:
        if path.is_relative_to(ROOT / "benchmarks"):
            continue
        for name in imported(path) - set(sys.stdlib_module_names) - set(MAY_IMPORT) - brought:
            assert names.get(name, name) in listed, f"{path.name} imports {name}"
            used.add(names.get(name, name))
    assert listed == used


def test_ci_runs_check_and_test() -> None:
    ci = ROOT / ".ci" / "run"
    assert os.access(ci, os.X_OK) and "make check test" in ci.read_text()


def test_pyproject_is_strict_where_it_matters() -> None:
    mypy = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    assert mypy["strict"] and {"app.py", "demos", "inference", "jobs", "pretrained"} <= set(
        mypy["files"]
    )
