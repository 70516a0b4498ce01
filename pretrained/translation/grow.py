"""A trained translator made wider, saying the same as before: Net2Net (Chen et al. 2016,
arXiv 1511.05641), and a vocabulary with further pieces.

What a long training has learnt is kept when a network turns out to be too small. New units read
everything and are read by nobody yet (zero weights), so that the larger network starts where the
smaller one stands. A new piece starts at the mean of the two that it is made of.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise

import torch
from tokenizers import Tokenizer
from torch import Tensor

from pretrained.translation.model import TranslationNet
from pretrained.translation.vocabulary import Vocabulary

Words = list[list[str]]
#: Pairs of pieces that stand together less often become no piece: leaving them out saves a minute.
RARE = 5


@torch.no_grad()
def wider(old: TranslationNet, new: TranslationNet, merges: Sequence[tuple[int, int]]) -> None:
    """Give ``new``, of more units or tokens and fresh from its constructor, what ``old`` knows.

    Args:
        merges: of each token that ``old`` does not have, the two that it is made of.
    """
    was, now = old.lower.hidden_size, new.lower.hidden_size
    units = torch.arange(was)  # of a decoder's LSTM, and of the tokens' vectors: they come first
    half = old.encoder.hidden_size
    seen = torch.cat([units[:half], units[:half] + new.encoder.hidden_size])  # onward, backwards
    width = torch.arange(old.embed.embedding_dim)
    sides = torch.cat([units, seen + now])  # a decoder's state, then what it is shown
    theirs = dict(old.named_parameters())
    for name, mine in new.named_parameters():
        other = theirs[name]
        layer = name.split(".")[0]
        if layer == "embed" or name == "bias":
            mine[: len(other)] = other
            for number, (one, two) in enumerate(merges, start=len(other)):
                mine[number] = (mine[one] + mine[two]) / 2
        elif layer == "start":
            place(mine, other, torch.cat([units, units + now]), seen)
        elif layer == "ask":  # new units of the encoder are not asked for yet
            mine.zero_()
            place(mine, other * (now / was) ** 0.5, seen, units)
        elif layer == "project":
            place(mine, other, width, sides)
        else:
            own = half if layer == "encoder" else was
            gates = torch.cat([units[:own] + n * (len(mine) // 4) for n in range(4)])
            inner = units[:own]
            reads = {"encoder": width, "lower": width, "upper": sides}[layer]
            if layer == "encoder" and "_l0" not in name:
                reads = seen
            place(mine, other, gates, inner if "_hh" in name else reads)


def place(mine: Tensor, other: Tensor, rows: Tensor, columns: Tensor) -> None:
    """Put ``other`` at those rows and columns; in those rows the other columns become zero."""
    if mine.ndim == 1:
        mine[rows] = other
        return
    mine[rows] = 0.0
    mine[rows[:, None], columns] = other


def more_pieces(
    vocabulary: Vocabulary, texts: Iterable[str], size: int, languages: Sequence[str]
) -> tuple[Vocabulary, list[tuple[int, int]]]:
    """A vocabulary with the pieces of the old one, under the same numbers, and the most useful
    further ones up to ``size``; and which two pieces each new one is made of."""
    told = json.loads(vocabulary.tokenizer.to_str())
    model = told["model"]
    numbers: dict[str, int] = model["vocab"]
    split = vocabulary.tokenizer.pre_tokenizer
    assert split is not None
    counts = Counter(
        word for text in texts for word, _ in split.pre_tokenize_str(f" {text}" if text else "")
    )
    words = [[t.value for t in vocabulary.tokenizer.model.tokenize(word)] for word in counts]
    merges: list[tuple[int, int]] = []
    for one, two in merged(words, list(counts.values()), size - len(numbers)):
        if one + two not in numbers:
            merges.append((numbers[one], numbers[two]))
            numbers[one + two] = len(numbers)
        pair = [one, two] if isinstance(model["merges"][0], list) else f"{one} {two}"
        model["merges"].append(pair)
    return Vocabulary(Tokenizer.from_str(json.dumps(told)), languages), merges


def merged(words: Words, counts: Sequence[int], most: int) -> list[tuple[str, str]]:
    """Byte-pair encoding goes on: the ``most`` pairs that stand together most often, one after the
    other (Sennrich et al. 2016). ``words`` are changed."""
    pairs: Counter[tuple[str, str]] = Counter()
    where: dict[tuple[str, str], set[int]] = {}
    for n, word in enumerate(words):
        for pair in pairwise(word):
            pairs[pair] += counts[n]
            where.setdefault(pair, set()).add(n)
    pairs = Counter({pair: count for pair, count in pairs.items() if count >= RARE})
    found: list[tuple[str, str]] = []
    while len(found) < most and pairs:
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        found.append(best)
        for n in where.pop(best):
            word = words[n]
            for pair in pairwise(word):
                pairs[pair] -= counts[n]
            words[n] = word = joined(word, best)
            for pair in pairwise(word):
                pairs[pair] += counts[n]
                where.setdefault(pair, set()).add(n)
        del pairs[best]
    return found


def joined(word: list[str], pair: tuple[str, str]) -> list[str]:
    """A word with every such pair made one."""
    found: list[str] = []
    for piece in word:
        if found and (found[-1], piece) == pair:
            found[-1] = "".join(pair)
        else:
            found.append(piece)
    return found
