"""An engine that translates at once: words turned around, in the shape of real answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fake_engine

from pretrained import catalog
from pretrained.translation import sentences
from pretrained.translation.errors import NothingToTranslate

EN_FR, EN_ZH, PLAIN = "translation/en-fr", "translation/en-zh", "translation/en-fr-plain"
NOW = "translation/marian-en-fr"
KNOWN = "I know this one."  # stands in the fake training data
LOSING = "I have 99 cats."  # whose number it claims to have lost


def entry(root: Path, key: str, *directions: str) -> catalog.Entry:
    """A translator with a vocabulary and without weights."""
    made = fake_engine.entry(root, key, max_batch=16, parameters=3_600_000, directions=directions)
    vocabulary = {letter: n for n, letter in enumerate("abcĠ")} | {"Ã©": 4, "</s>": 5}
    pieces = {"model": {"vocab": vocabulary}}
    (Path(str(made.folder)) / "tokenizer.json").write_text(json.dumps(pieces), "utf-8")
    return made


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
        "missing_numbers": int(text == LOSING),
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


class FakeEngine(fake_engine.FakeEngine):
    """``refusing``: what asking a text ends in."""

    def __init__(self, root: Path) -> None:
        found = [
            entry(root, EN_FR, "en-fr", "fr-en"),
            entry(root, EN_ZH, "en-zh", "zh-en"),
            entry(root, PLAIN, "en-fr"),
            fake_engine.hub_entry(NOW, "Marian", bytes=301_000_000, parameters=74_600_000),
        ]
        super().__init__({one.key: one for one in found}, max_upload_mb=1)
        self.asked: list[tuple[str, dict[str, Any], dict[str, Any]]] = []
        self.refusing: dict[str, Exception] = {}

    async def predict(self, key: str, one: dict[str, Any], **options: Any) -> Any:
        self.known(key)
        self.asked.append((key, one, options))
        with self.answering():
            await self.turn()
            if one["text"] in self.refusing:
                raise self.refusing[one["text"]]
            return answer(one, options.get("beams") or 8)
