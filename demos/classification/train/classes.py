"""What a collection of pictures is made of: classes, pictures, what was learnt; what it refuses."""

from __future__ import annotations

from dataclasses import dataclass

from demos.classification.train.head import Estimate, Head, Ints
from inference.errors import BadInput


class NameTaken(BadInput):
    """Fields: name."""

    code = "train_name_taken"
    sentence = "Another class is called {name} already: choose another name."


class NoName(BadInput):
    code = "train_no_name"
    sentence = "A class needs a name: type one."


class TooManyClasses(BadInput):
    """Fields: most."""

    code = "train_many_classes"
    sentence = "There are {most} classes already, as many as fit here: remove one first."


class TooManyPictures(BadInput):
    """Fields: most."""

    code = "train_many_pictures"
    sentence = (
        "Only {most} pictures fit here: remove some, or train with all of yours from the command "
        "line."
    )


class UnknownClass(BadInput):
    code = "train_no_class"
    sentence = "This class is no longer there: reload the page."


class NotLearnt(BadInput):
    code = "train_not_learnt"
    sentence = "It has learnt nothing yet: give two classes a picture each."


@dataclass
class Class:
    """``folder``: of its pictures. ``fresh``: nobody has named it or given it anything."""

    id: int
    name: str
    folder: str
    fresh: bool = True


@dataclass
class Picture:
    """``row`` of the features, ``start``, ``bytes`` of its thumbnail; -1 until they are there."""

    id: int
    of: int
    file: str
    row: int = -1
    start: int = -1
    bytes: int = 0


@dataclass(frozen=True)
class Learnt:
    """What was learnt from the pictures ``ids`` of the ``classes`` (their ids), in ``seconds``."""

    change: int
    head: Head
    estimate: Estimate
    ids: tuple[int, ...]
    labels: Ints
    classes: tuple[int, ...]
    seconds: float
