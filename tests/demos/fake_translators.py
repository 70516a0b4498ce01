"""An engine that translates at once: words turned around, in the shape of real answers."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

from inference import Settings
from inference.errors import Refusal, UnknownModel
from pretrained import catalog
from pretrained.translation import sentences
from pretrained.translation.errors import NothingToTranslate

EN_FR, EN_ZH, PLAIN = "translation/en-fr", "translation/en-zh", "translation/en-fr-plain"
NOW = "translation/marian-en-fr"
KNOWN = "I know this one."  # stands in the fake training data


def entry(root: Path, key: str, *directions: str) -> catalog.Entry:
    """A catalogue entry with a checkpoint folder that has a config and no weights."""
    folder = root / key.replace("/", "-")
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "key": key,
        "loader": "pretrained.classification.imagenet:load",
        "title": key,
        "max_batch": 16,
    }
    content |= {"parameters": 3_600_000, "directions": directions}
    (folder / "config.json").write_text(json.dumps(content), "utf-8")
    (folder / "model.safetensors").write_bytes(b"")
    vocabulary = {letter: n for n, letter in enumerate("abcĠ")} | {"Ã©": 4, "</s>": 5}
    (folder / "tokenizer.json").write_text(json.dumps({"model": {"vocab": vocabulary}}), "utf-8")
    return catalog.from_folder(folder, key)


def hub_entry() -> catalog.Entry:
    return catalog.Entry(
        key=NOW,
        task="translation",
        title="Marian",
        loader="pretrained.classification.imagenet:load",
        licence="apache-2.0",
        bytes=301_000_000,
        parameters=74_600_000,
        hub_id="nobody/marian",
        max_batch=8,
    )


def turned(text: str) -> str:
    """What the fake makes of a sentence: the letters of each word, last to first."""
    return " ".join(word[::-1] for word in text.split(" "))


def sentence(text: str, beams: int = 4) -> dict[str, Any]:
    """One sentence as `pretrained.translation.serve.Translator` answers it."""
    made = turned(text)
    targets = [f" {word}" for word in made.split(" ")]
    sources = [*(f" {word}" for word in text.split(" ")), "</s>"]
    wide = len(sources)
    found = [
        {"translation": made + "!" * n, "score": -0.1 * (n + 1), "probability": 0.4 / 3**n}
        for n in range(beams)
    ]
    return {
        "source": text,
        "translation": made,
        "alternatives": found,
        "source_tokens": sources,
        "target_tokens": targets,
        "probabilities": [max(0.95 - 0.3 * n, 0.02) for n in range(len(targets))],
        "attention": [[1 / wide] * wide for _ in targets],
        "complete": True,
        "in_training": text == KNOWN,
    }


def answer(one: dict[str, Any], beams: int = 4) -> dict[str, Any]:
    """One text, cut into sentences as the real one cuts it."""
    text, told = "", []
    for part in sentences.split(one["text"]):
        if any(c.isalpha() for c in part.text):
            told.append(sentence(part.text, beams))
            text += part.before + told[-1]["translation"] + part.after
        else:
            text += part.before + part.text + part.after
    if not text.strip():
        raise NothingToTranslate
    return {
        "translation": text,
        "source": one["source"],
        "target": one["target"],
        "sentences": told,
    }


class FakeEngine:
    """Records what it was asked. ``gate``: answers wait for it. ``failing``: by key, at loading."""

    def __init__(self, root: Path) -> None:
        self.entries = {
            EN_FR: entry(root, EN_FR, "en-fr", "fr-en"),
            EN_ZH: entry(root, EN_ZH, "en-zh", "zh-en"),
            PLAIN: entry(root, PLAIN, "en-fr"),
            NOW: hub_entry(),
        }
        self.settings = Settings(max_upload_mb=1)
        self.asked: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
        self.loaded: list[str] = []
        self.failing: dict[str, Refusal] = {}
        self.refusing: dict[str, Exception] = {}  # by the text that was asked
        self.gate: asyncio.Event | None = None
        self.open = self.most_open = 0

    def find(self, key: str) -> Any:
        return self.entries.get(key)

    async def preload(self, *keys: str) -> None:
        self.loaded += keys
        for key in keys:
            if key in self.failing:
                raise self.failing[key]

    def load_progress(self, key: str) -> None:
        return None

    async def predict(self, key: str, one: dict[str, Any], **options: Any) -> Any:
        if key not in self.entries:
            raise UnknownModel(model=key)
        self.asked.append((key, one, options))
        self.open += 1
        self.most_open = max(self.open, self.most_open)
        try:
            await asyncio.sleep(0)
            if self.gate:
                await self.gate.wait()
            if one["text"] in self.refusing:
                raise self.refusing[one["text"]]
            return answer(one, options.get("beams") or 8)
        finally:
            self.open -= 1
