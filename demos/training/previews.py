"""What a recipe will make of what has been sent so far, shown before anything is trained.

A tab that has something to show names a function here: given the file or folder that its recipe
would be given, and the key of that recipe, it gives what its room's script shows, as JSON.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from demos.language import reasons
from demos.training import wording
from pretrained.errors import BadData

#: By task: called with (data, key), in a thread. Its words are said by the room's own script.
PREVIEWS = {
    "detection": "demos.detection.train.preview:labelled",
    "images": "demos.images.train.preview:pictures",
    "text": "demos.text.train:counted",
    "translation": "demos.translation.train.preview:pairs",
}
Preview = Callable[[Path, str], dict[str, Any]]


def of(key: str) -> Preview | None:
    """What shows the data of a recipe; None where its tab shows nothing."""
    named = PREVIEWS.get(key.partition("/")[0])
    if named is None:
        return None
    module, _, name = named.partition(":")
    found: Preview = getattr(import_module(module), name)
    return found


#: What the readers say of left-out and guessed data, in English.
SENTENCES = ("told", "left_out")
#: What an upload as a whole is called, where its folder on the server had to be named.
WHOLE = {"en": "the upload", "zh": "上传的内容"}


class BadPaste(BadData):
    """A text that was pasted, of which no visitor has made a file. Fields: as `BadData`."""

    code = "bad_paste"
    sentence = "What you pasted cannot be used: {reason}."


def shown(data: Path, key: str, top: Path, lang: str, *, pasted: bool = False) -> dict[str, Any]:
    """What is to be shown of ``data``; {} where nothing is. Places on the server are not told.

    Args: top: the folder of the upload. lang: of the page, "en" or "zh". pasted: as a text.

    Raises:
        BadData: the recipe would refuse it, for the same reason.
    """
    show = of(key)
    try:
        found = show(data, key) if show else {}
    except BadData as refusal:
        told = {name: hidden(str(value), top, lang) for name, value in refusal.fields.items()}
        told = wording.fields(told, lang, key.partition("/")[0])
        raise (BadPaste if pasted else BadData)(**told) from None
    for name in SENTENCES:
        if name in found:
            sentences = (hidden(sentence, top, lang) for sentence in found[name])
            found[name] = [reasons.said(sentence, lang) for sentence in sentences]
    return found


def hidden(text: str, top: Path, lang: str) -> str:
    """A text in which files of an upload have the names that they had at the visitor's."""
    text = text.replace(f"{top}/", "")
    return text.replace(str(top), WHOLE[lang]).replace(top.name, WHOLE[lang])
