"""A fake translator that can be looked into, and one search as a real network made it."""

from __future__ import annotations

import math
import zlib
from typing import Any

import numpy as np
from fake_translators import FakeEngine, answer, turned

from inference.errors import Refusal
from pretrained.errors import ViewUnsupported

WIDE = 6  # numbers of a state


def node(parent: int, token: str, probability: float, fate: str = "kept") -> dict[str, Any]:
    return {"parent": parent, "token": token, "probability": probability, "fate": fate}


def totalled(tree: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With the sum of log-probabilities up to each branch."""
    for one in tree:
        before = tree[one["parent"]]["total"] if one["parent"] >= 0 else 0.0
        one["total"] = before + math.log(one["probability"])
    return tree


#: "I am a student." to French: two beginnings are kept at each step.
STUDENT = totalled(
    [
        node(-1, " Je", 0.8),
        node(-1, " J'", 0.1),
        node(-1, " C'", 0.003, "dropped"),
        node(-1, " Il", 0.002, "dropped"),
        node(0, " suis", 0.94),
        node(1, "ai", 0.5),
        node(1, "étais", 0.07, "dropped"),
        node(0, " ser", 0.006, "dropped"),
        node(4, " étudiant", 0.7),
        node(4, " étudi", 0.05),
        node(4, " un", 0.04, "dropped"),
        node(8, ".", 0.8),
        node(9, "ante", 0.6),
        node(8, " !", 0.01, "dropped"),
        node(11, "</s>", 0.9, "finished"),
        node(12, ".", 0.7),
    ]
)
SENTENCE = {
    "source": "I am a student.",
    "translation": "Je suis étudiant.",
    "alternatives": [
        {
            "translation": "Je suis étudiant.",
            "score": -0.67,
            "probability": math.exp(STUDENT[14]["total"]),
        },
        {"translation": "Je suis étudiante.", "score": -2.7, "probability": 0.00001},
    ],
    "source_tokens": [" I", " am", " a", " stu", "dent", ".", "</s>"],
    "target_tokens": [" Je", " suis", " étudiant", "."],
    "probabilities": [0.8, 0.94, 0.7, 0.8],
    "attention": [
        [0.4, 0.1, 0.1, 0.02, 0.02, 0.01, 0.35],
        [0.1, 0.6, 0.1, 0.1, 0.05, 0.03, 0.02],
        [0.02, 0.02, 0.2, 0.3, 0.4, 0.03, 0.03],
        [0.0, 0.0, 0.0, 0.1, 0.1, 0.5, 0.3],
    ],
    "complete": True,
    "in_training": True,
    "state": [0.1] * WIDE,
    "tree": STUDENT,
}


def state(text: str) -> list[float]:
    """The numbers that the fake holds of a sentence: the same for the same sentence."""
    draw = np.random.default_rng(zlib.crc32(text.encode()))
    return draw.uniform(-1, 1, WIDE).tolist()


def tree(sentence: dict[str, Any], forced: int) -> list[dict[str, Any]]:
    """A search that went straight, with one word beside each that it chose."""
    found: list[dict[str, Any]] = []
    last = -1
    for number, token in enumerate(sentence["target_tokens"]):
        found.append(node(last, token, 0.9))
        if number >= forced:
            found.append(node(last, " other", 0.05, "dropped"))
        last = len(found) - 1 - (number >= forced)
    found.append(node(last, "</s>", 0.9, "finished"))
    return totalled(found)


class InsideEngine(FakeEngine):
    """With the views of the real one. ``closed``: models that tell their answer only."""

    def __init__(self, root: Any) -> None:
        super().__init__(root)
        self.closed: set[str] = set()
        self.views: dict[str, Refusal] = {}

    async def predict(self, key: str, one: dict[str, Any], **options: Any) -> Any:
        view = options.get("view", "answer")
        if view in self.views:
            raise self.views[view]
        if view != "answer" and key in self.closed:
            raise ViewUnsupported(model=key, view=view)
        if view == "meaning":
            self.asked.append((key, one, options))
            return {"sentences": [[state(line)] for line in one["text"].split("\n")] + [[]]}
        result = await super().predict(key, one, **options)
        if view == "inside":
            forced = one["prefix"].split()
            for told in result["sentences"]:
                if forced:
                    rest = told["target_tokens"][len(forced) :]
                    told["target_tokens"] = [*(f" {word}" for word in forced), *rest]
                    told["translation"] = "".join(told["target_tokens"]).strip()
                told["tree"] = tree(told, len(forced))
                whole = math.exp(told["tree"][-1]["total"])
                told["alternatives"][0] |= {
                    "translation": told["translation"],
                    "probability": whole,
                }
                told["state"] = state(told["source"])
        return result


__all__ = ["SENTENCE", "STUDENT", "InsideEngine", "answer", "turned"]
