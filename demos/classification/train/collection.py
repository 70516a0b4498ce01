"""One visitor's classes: pictures on disk, what the network says of each, the head.

An upload (`jobs.Jobs.upload`) with one folder a class, as every recipe reads it, and beside them
``.room/``, which recipes pass over: ``state.json`` and what `features.Features` keeps. Any thread
may call any method.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from demos.classification.train.classes import (
    Class,
    Learnt,
    NameTaken,
    NoName,
    NotLearnt,
    Picture,
    TooManyClasses,
    TooManyPictures,
    UnknownClass,
)
from demos.classification.train.features import Features, thumbnail_of
from demos.classification.train.head import Floats, fit, rows
from demos.pictures import BadPicture
from inference.errors import Refusal
from jobs.intake import clean, free
from pretrained import splits
from pretrained.classification.folders import class_name, files_in, folders_in, is_picture

ROOM, STATE = ".room", "state.json"
MOST_CLASSES, MOST_PICTURES = 40, 4000  # a fit stays within a second or two
LONGEST = 60  # characters of a class's name
EMPTY, ROW = 64 * 1024, 1024  # bytes that a collection and a picture of it take, about
NAMED = 12  # files that were left out, of which the page names the latest


@dataclass
class Collection:
    """A visitor's classes.

    Attributes:
        version: grows whenever there is something new to show. change: whenever there is something
            new to learn.
        left_out: the files that could not be taken, with why, the latest last; and how many.
    """

    folder: Path
    classes: dict[int, Class] = field(default_factory=dict)
    pictures: dict[int, Picture] = field(default_factory=dict)
    next_id: int = 1
    version: int = 0
    change: int = 0
    learnt: Learnt | None = None
    whole: tuple[str, str] = ("", "")
    left_out: list[tuple[str, Refusal]] = field(default_factory=list)
    left_out_count: int = 0
    key: str = ""  # that opens its thumbnails, which an ``img`` asks for and cannot say whose it is

    open_still: bool = True

    def __post_init__(self) -> None:
        self.lock, self.starting = threading.RLock(), threading.Lock()
        self.features = Features(self.folder / ROOM)

    @classmethod
    def make(cls, folder: Path, names: list[str]) -> Collection:
        """A new one in an empty upload, with empty classes."""
        made = cls(folder)
        (folder / ROOM).mkdir()
        for name in names:
            made.add(name, fresh=True)
        return made

    @classmethod
    def open(cls, folder: Path) -> Collection:
        """The one that lies there; what was sent and not looked at is looked at again.

        Raises: OSError, ValueError or KeyError: there is none.
        """
        told = json.loads((folder / ROOM / STATE).read_text("utf-8"))
        found = cls(folder, next_id=told["next_id"], version=1, change=1)
        found.classes = {one["id"]: Class(**one) for one in told["classes"]}
        found.pictures = {one["id"]: Picture(**one) for one in told["pictures"]}
        found.whole = tuple(told.get("whole", found.whole))
        found.features.read()
        for one in found.pictures.values():
            if one.row >= len(found.features.rows):
                one.row = one.start = -1
        lost = [one for one in found.pictures.values() if not found.path(one).is_file()]
        for one in lost:
            del found.pictures[one.id]
        found.features.forget(lost, found.pictures.values())
        return found

    @property
    def in_memory(self) -> int:
        """About how many bytes it takes there."""
        return EMPTY + self.features.nbytes + len(self.pictures) * ROW

    def close(self) -> None:
        """Nothing is written to its folder any more."""
        with self.lock:
            self.open_still = False
            self.pictures.clear()

    # ---- classes ------------------------------------------------------------------------------

    def add(self, name: str, *, fresh: bool = False) -> Class:
        """A new, empty class.

        Raises: NoName, NameTaken, TooManyClasses.
        """
        with self.lock:
            if len(self.classes) >= MOST_CLASSES:
                raise TooManyClasses(most=MOST_CLASSES)
            name, folder = self._free(name)
            made = Class(self._id(), name, folder, fresh)
            self.classes[made.id] = made
            (self.folder / folder).mkdir(exist_ok=True)
            self._write()
            return made

    def rename(self, id: int, name: str) -> None:
        """Raises: UnknownClass, NoName, NameTaken."""
        with self.lock:
            one = self._class(id)
            name, folder = self._free(name, but=id)
            if folder != one.folder:
                (self.folder / one.folder).mkdir(exist_ok=True)
                os.rename(self.folder / one.folder, self.folder / folder)
            one.fresh = one.fresh and name == one.name
            one.name, one.folder = name, folder
            self._write()

    def remove(self, id: int) -> None:
        """A class and its pictures. Raises: UnknownClass."""
        with self.lock:
            one = self._class(id)
            del self.classes[id]
            gone = [p for p in self.pictures.values() if p.of == id]
            self.pictures = {p.id: p for p in self.pictures.values() if p.of != id}
            shutil.rmtree(self.folder / one.folder, ignore_errors=True)
            self.features.forget(gone, self.pictures.values())
            self._write(learn=True)

    # ---- pictures -----------------------------------------------------------------------------

    def sort_in(self, staging: Path, id: int | None) -> None:
        """Take what was received into ``staging``, a folder within this one, into classes.

        Pictures in sub-folders are of the class that the sub-folder is called by, whatever lies
        around these (folders of splits, or one folder around all); others of the class ``id``, or
        of the one that the folder around all names.

        Raises: UnknownClass, TooManyClasses.
        """
        with self.lock:
            top, around = unwrapped(staging)
            places = [one for one in folders_in(top) if splits.named(one.name)]
            if places and len(places) == len(folders_in(top)):  # train/, val/ and the like
                places = [inner for one in places for inner in folders_in(one)]
            else:
                places = folders_in(top)
            inner = {file for place in places for file in files_in(place)}
            try:
                self.left_out, self.left_out_count = [], 0  # of what came before
                for file in [one for one in files_in(top) if one not in inner]:
                    if self._no_picture(file):
                        continue
                    of = self._class(id) if id is not None else self._named(around or "1")
                    self._take(file, of)
                for place in places:
                    for file in files_in(place):
                        if not self._no_picture(file):
                            self._take(file, self._named(class_name(place.name)))
            finally:  # with too many classes, those that came before stay
                shutil.rmtree(staging, ignore_errors=True)
                self._write()

    def waiting(self, most: int) -> list[Picture]:
        """Pictures that nobody has looked at yet."""
        with self.lock:
            return [one for one in self.pictures.values() if one.row < 0][:most]

    def seen(self, picture: Picture, looked_at: Image.Image, features: Floats) -> None:
        """What the network said of a picture, [1280]; `save` afterwards, of many at once."""
        small = thumbnail_of(looked_at)
        with self.lock:
            if picture.id not in self.pictures:  # removed meanwhile
                return
            self.features.add(picture, features, small)
            self.version += 1
            self.change += 1

    def save(self) -> None:
        """Write down what is known of the pictures."""
        with self.lock:
            if self.open_still:
                self._write()

    def refuse(self, picture: Picture, why: Refusal) -> None:
        """A picture that cannot be used: named and counted, and deleted."""
        with self.lock:
            if self.pictures.pop(picture.id, None):
                self._leave_out(Path(picture.file).name, why)
                self.path(picture).unlink(missing_ok=True)
                self._write()

    def delete(self, id: int) -> None:
        """One picture; nothing where it is gone already."""
        with self.lock:
            if one := self.pictures.pop(id, None):
                self.path(one).unlink(missing_ok=True)
                self.features.forget([one], self.pictures.values())
                self._write(learn=True)

    def move(self, id: int, to: int) -> None:
        """A picture into another class. Raises: UnknownClass."""
        with self.lock:
            target = self._class(to)
            if (one := self.pictures.get(id)) is None or one.of == to:
                return
            place = free(self.folder / target.folder / Path(one.file).name)
            os.rename(self.path(one), place)
            one.of, one.file = to, place.name
            self._write(learn=True)

    def thumbnail(self, id: int) -> bytes:
        """A small JPEG. Raises: KeyError."""
        with self.lock:
            return self.features.thumbnail(self.pictures[id])

    def path(self, picture: Picture) -> Path:
        """Where a picture lies. A class that was removed has no folder any more."""
        of = self.classes.get(picture.of)
        return self.folder / (of.folder if of else ROOM) / Path(picture.file).name

    def digest(self) -> str:
        """Of which pictures there are, and of which classes."""
        with self.lock:
            found = {(self.classes[one.of].folder, one.id) for one in self.pictures.values()}
        return hashlib.sha256(repr(sorted(found)).encode()).hexdigest()

    # ---- learning -----------------------------------------------------------------------------

    @property
    def stale(self) -> bool:
        """Whether there is something to learn, or to forget."""
        with self.lock:
            return self.change != (self.learnt.change if self.learnt else 0) and (
                self.learnt is not None or self._ready()
            )

    def learn(self) -> None:
        """Fit the head to the pictures that are there now; forget it where two classes have none.
        For a thread: it takes up to a second."""
        with self.lock:
            change = self.change
            used = [one for one in self.pictures.values() if one.row >= 0]
            classes = tuple(id for id in self.classes if any(one.of == id for one in used))
            order = {id: place for place, id in enumerate(classes)}
            labels = np.array([order[one.of] for one in used], np.int64)
            features = rows([self.features.rows[one.row] for one in used])
        learnt = None
        if len(classes) > 1:
            began = time.monotonic()
            head, estimate = fit(features, labels, len(classes))
            ids = tuple(one.id for one in used)
            seconds = time.monotonic() - began
            learnt = Learnt(change, head, estimate, ids, labels, classes, seconds)
        with self.lock:
            self.learnt = learnt
            self.version += 1

    def asked(self, features: Floats) -> list[tuple[int, float]]:
        """(id of the class, probability) of a picture by its features [1280], in order of classes.

        Raises: NotLearnt.
        """
        with self.lock:
            learnt = self.learnt
        if learnt is None:
            raise NotLearnt
        said = learnt.head.probabilities(features[None])[0]
        return [(id, float(p)) for id, p in zip(learnt.classes, said, strict=True)]

    # ---- inside -------------------------------------------------------------------------------

    def _ready(self) -> bool:
        return len({one.of for one in self.pictures.values() if one.row >= 0}) > 1

    def _id(self) -> int:
        self.next_id += 1
        return self.next_id - 1

    def _class(self, id: int | None) -> Class:
        if id is None or id not in self.classes:
            raise UnknownClass
        return self.classes[id]

    def _named(self, name: str) -> Class:
        """The class of that name; one that nobody has used is called so, or a new one is made."""
        name = " ".join(name.split())[:LONGEST].strip() or "_"
        for one in self.classes.values():
            if clean(name).casefold() == one.folder.casefold():
                return one
        used = {p.of for p in self.pictures.values()}
        for one in self.classes.values():
            if one.fresh and one.id not in used:
                self.rename(one.id, name)
                return one
        return self.add(name)

    def _free(self, name: str, but: int | None = None) -> tuple[str, str]:
        name = " ".join(str(name).split())[:LONGEST].strip()
        if not name:
            raise NoName
        folder = clean(name).lstrip(".") or "_"  # a hidden one would be passed over
        taken = {one.folder.casefold() for one in self.classes.values() if one.id != but}
        if folder.casefold() in taken:
            raise NameTaken(name=name)
        return name, folder

    def ids(self, files: Sequence[object]) -> list[int | None]:
        """The pictures that these files of a training are, ``class/file`` each; None where one has
        gone, or stands elsewhere now."""
        with self.lock:
            known: dict[object, int] = {
                f"{self.classes[one.of].folder}/{one.file}": one.id
                for one in self.pictures.values()
            }
        return [known.get(file) for file in files if isinstance(file, str)]

    def _no_picture(self, file: Path) -> bool:
        """Whether neither its name nor its first bytes are a picture's: it is left out then, and
        makes no class."""
        if is_picture(file):
            return False
        self._leave_out(file.name, BadPicture("picture_unreadable"))
        return True

    def _take(self, file: Path, into: Class) -> None:
        if len(self.pictures) >= MOST_PICTURES:
            self._leave_out(file.name, TooManyPictures(most=MOST_PICTURES))
            return
        place = self.folder / into.folder
        place.mkdir(exist_ok=True)
        target = free(place / file.name)
        os.rename(file, target)
        into.fresh = False
        made = Picture(self._id(), into.id, target.name)
        self.pictures[made.id] = made

    def _leave_out(self, name: str, why: Refusal) -> None:
        self.left_out = [*self.left_out, (name, why)][-NAMED:]
        self.left_out_count += 1

    def _write(self, *, learn: bool = False) -> None:
        self.version += 1
        self.change += learn
        told = {
            "next_id": self.next_id,
            "classes": [asdict(one) for one in self.classes.values()],
            "pictures": [asdict(one) for one in self.pictures.values()],
            "whole": self.whole,
        }
        part = self.folder / ROOM / f".{STATE}"
        part.write_text(json.dumps(told, ensure_ascii=False), "utf-8")
        os.replace(part, self.folder / ROOM / STATE)


def unwrapped(folder: Path) -> tuple[Path, str]:
    """Further in, where there is one folder and nothing beside it; and what that is called."""
    name = ""
    while len(inside := folders_in(folder)) == 1 and not any(p.is_file() for p in folder.iterdir()):
        folder = inside[0]
        name = class_name(folder.name)
    return folder, name
