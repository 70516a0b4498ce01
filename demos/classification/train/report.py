"""What the room is told of a visitor's classes: counts, how good the head is, what would help."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from demos import page
from demos.classification.train.classes import Learnt
from demos.classification.train.collection import Collection
from demos.language import Say

FEW = 5  # pictures of a class, below which it is said to have few
UNBALANCED = 4  # times as many pictures as another class
MANY_ALIKE = 0.5  # share of a class's pictures that have one nearly the same
SURELY = 0.8  # of another class, when it was left out: perhaps it stands in the wrong one
SHOWN = 12  # pictures of one suggestion

Suggestion = dict[str, Any]


def state(collection: Collection, say: Say) -> dict[str, Any]:
    """All that the page shows, as JSON."""
    with collection.lock:
        ready: dict[int, list[int]] = {id: [] for id in collection.classes}
        waiting: Counter[int] = Counter()
        for one in collection.pictures.values():
            if one.row >= 0:
                ready[one.of].append(one.id)
            else:
                waiting[one.of] += 1
        files = [
            {"name": name, "sentence": page.sentence_of(why, say)}
            for name, why in collection.left_out
        ]
        return {
            "upload": collection.folder.name,
            "key": collection.key,
            "version": collection.version,
            "classes": [
                {
                    "id": one.id,
                    "name": one.name,
                    "pictures": ready[one.id],
                    "waiting": waiting[one.id],
                }
                for one in collection.classes.values()
            ],
            "waiting": waiting.total(),
            "left_out": {"count": collection.left_out_count, "files": files},
            "learnt": learnt(collection, say) if collection.learnt else None,
        }


def learnt(collection: Collection, say: Say) -> dict[str, Any]:
    """What the head learnt and how it does, in words and as a confusion matrix of pictures' ids:
    a row for each class, a cell for what it was taken for by those who had not seen it."""
    known = collection.learnt
    assert known is not None
    estimate = known.estimate
    answered = estimate.left_out.argmax(1)
    n = int(estimate.tested.sum())
    right = int((answered == known.labels)[estimate.tested].sum())
    matrix: list[list[list[int]]] = [[[] for _ in known.classes] for _ in known.classes]
    for place in np.flatnonzero(estimate.tested):
        id = known.ids[place]
        if id in collection.pictures:  # removed since
            matrix[known.labels[place]][answered[place]].append(id)
    return {
        "classes": list(known.classes),
        "pictures": len(known.ids),
        "seconds": round(known.seconds, 3),
        "right": right,
        "n": n,
        "parts": estimate.parts,
        "alone": len(known.ids) - n,
        "matrix": matrix,
        "suggestions": list(suggestions(collection, known, say)),
    }


def suggestions(collection: Collection, known: Learnt, say: Say) -> Iterator[Suggestion]:
    """What would help, the most useful first, each a sentence and the pictures that it is about."""
    names = {id: one.name for id, one in collection.classes.items()}
    classes = [id for id in known.classes if id in names]
    of = {id: known.classes[label] for id, label in zip(known.ids, known.labels, strict=True)}
    counts = Counter(of.values())
    for id in classes:
        if counts[id] < FEW:
            yield told(say, "few", id, [], name=names[id], count=counts[id], few=FEW)
    if len(classes) > 1:
        most, least = max(classes, key=counts.__getitem__), min(classes, key=counts.__getitem__)
        if counts[most] >= UNBALANCED * counts[least] and counts[least] >= FEW:
            fields = {"most": counts[most], "least": counts[least]}
            yield told(say, "unbalanced", least, [], name=names[least], other=names[most], **fields)
    yield from mislabelled(known, names, say)
    group = known.estimate.group
    sizes = np.bincount(group)
    for label, id in enumerate(known.classes):
        if id not in names:
            continue
        mine = np.flatnonzero(known.labels == label)
        twins = [known.ids[place] for place in mine if sizes[group[place]] > 1]
        if known.estimate.together[label]:
            yield told(say, "together", id, twins, name=names[id], count=len(mine))
        elif len(twins) > MANY_ALIKE * len(mine):
            yield told(say, "alike", id, twins, name=names[id], count=len(twins), total=len(mine))
    across = [
        known.ids[place]
        for place in range(len(group))
        if len(set(known.labels[group == group[place]])) > 1
    ]
    if across:
        yield told(say, "across", None, across, count=len(across))


def mislabelled(known: Learnt, names: dict[int, str], say: Say) -> Iterator[Suggestion]:
    """Pictures that those who had not seen them took for another class, and were sure."""
    left_out, labels = known.estimate.left_out, known.labels
    enough = np.bincount(labels, minlength=len(known.classes)) >= FEW
    other = left_out.argmax(1)
    sure = left_out[np.arange(len(labels)), other] >= SURELY
    wrong = known.estimate.tested & sure & (other != labels) & enough[labels] & enough[other]
    pairs: dict[tuple[int, int], list[int]] = {}
    for place in np.flatnonzero(wrong):
        pair = known.classes[labels[place]], known.classes[other[place]]
        pairs.setdefault(pair, []).append(known.ids[place])
    for (here, there), ids in sorted(pairs.items(), key=lambda item: -len(item[1])):
        if here in names and there in names:
            fields = {"name": names[here], "other": names[there], "count": len(ids)}
            yield told(say, "mislabelled", here, ids, to=there, **fields)


def told(
    say: Say, kind: str, id: int | None, ids: list[int], to: int | None = None, **fields: Any
) -> Suggestion:
    """A suggestion as the page is told it. ``to``: the class that the pictures may belong to."""
    sentence = say.plain(f"classification.train.suggest.{kind}", **fields)
    return {"kind": kind, "class": id, "to": to, "sentence": sentence, "pictures": ids[:SHOWN]}
