"""What a training of a translator shows while it learns: a few sentences kept aside, how it
translates them now, and how a person did; and how near all of them come to that."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence

import torch

from pretrained.translation import scores
from pretrained.translation.beam import Search
from pretrained.translation.data import Scored
from pretrained.translation.networks import Network, writing
from pretrained.translation.passes import Example
from pretrained.translation.stepper import Stepper
from pretrained.translation.vocabulary import Vocabulary

#: Sentences that are shown, and most that are scored each way.
COUNT, MOST_SCORED = 5, 60


class Sentences:
    """Translates the same sentences at every moment.

    Args:
        held_out: tidied examples; some that lie evenly in them are shown.
    """

    def __init__(self, vocabulary: Vocabulary, held_out: Sequence[Example]) -> None:
        self.vocabulary = vocabulary
        count = min(COUNT, len(held_out))
        self.shown = [held_out[n * len(held_out) // count] for n in range(count)]

    def __call__(self, model: torch.nn.Module) -> dict[str, str]:
        """``{".json": {"sentences": [{"source", "translation", "reference", "target"}]}}``, target
        the language that is written."""
        assert isinstance(model, Network)
        written = translated(model, self.vocabulary, self.shown)
        rows = [
            {"source": source, "translation": text, "reference": reference, "target": target}
            for (source, reference, target), text in zip(self.shown, written, strict=True)
        ]
        return {".json": json.dumps({"sentences": rows}, ensure_ascii=False)}


@torch.no_grad()
def translated(network: Network, vocabulary: Vocabulary, examples: Sequence[Example]) -> list[str]:
    """The likeliest next token at every place, for each source, as served but without a beam."""
    sources = vocabulary.encode_all(source for source, _, _ in examples)
    written = dict.fromkeys(range(len(examples)), "")
    for language in {language for _, _, language in examples}:
        rows = [n for n, example in enumerate(examples) if example[2] == language]
        stepper = Stepper(writing(network, language), vocabulary.never).eval()
        stepper.to(next(network.parameters()).device)
        found = Search(stepper, vocabulary)(
            [[*sources[n], vocabulary.end] for n in rows], [language] * len(rows), beams=1
        )
        written |= {
            n: vocabulary.decode(one.hypotheses[0].tokens)
            for n, one in zip(rows, found, strict=True)
        }
    return list(written.values())


def chrf(network: Network, vocabulary: Vocabulary, examples: Sequence[Example]) -> dict[str, float]:
    """``{"chrf_fr": 61.2}``: chrF (0 to 100) of the first `MOST_SCORED` examples in each language
    that is written."""
    each: dict[str, list[Example]] = defaultdict(list)
    for example in examples:
        if len(each[example[2]]) < MOST_SCORED:
            each[example[2]].append(example)
    found = {}
    for language, some in each.items():
        written = translated(network, vocabulary, some)
        scored = [Scored(source, (reference,)) for source, reference, _ in some]
        found[f"chrf_{language}"] = float(
            scores.metrics(written, scored, language, draws=1)["chrf"]["value"]
        )
    return found
