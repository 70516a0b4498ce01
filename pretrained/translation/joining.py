"""A translated text put together again: its sentences, its signs and blanks."""

from __future__ import annotations

from collections.abc import Sequence

from pretrained.translation import sentences, speech
from pretrained.translation.sentences import Part


def joined(
    parts: Sequence[Part], translations: Sequence[Sequence[str]], source: str, target: str
) -> str:
    """The text of some parts, each with what stands around it.

    Args:
        translations: of each part the pieces in which it was translated, none where it stays.
    """
    text = ""
    blank = "" if target == "zh" else " "
    following = (*parts[1:], None)
    for part, pieces, then in zip(parts, translations, following, strict=True):
        written = blank.join(pieces) if pieces else part.text
        after = between(part, then, source, target) if part.text else part.after
        before = part.before
        if part.mark:
            before = speech.written(before, target)
            if source == "zh" and (then or part.mark == "open"):
                before = speech.apart(text, before, part.mark)
        text += before + written + after
    return text


def between(part: Part, then: Part | None, source: str, target: str) -> str:
    """What stands between a sentence and the one after it: no blank in Chinese, else one."""
    if then and then.mark:
        return part.after
    if part.followed:
        after = speech.written(part.after, target)
        return f"{after} " if target != "zh" and after == "," else after
    if part.listed:
        sign = part.after if part.after in sentences.JOINTS[target] else part.after[:1]
        own = sentences.JOINTS[target].get(sign, sign)
        return own + part.after[len(sign) :]
    if target == "zh" and part.after.strip(" ") == "":
        return ""
    continued = then and not part.after and (source == "zh" or then.text)
    return " " if continued else part.after
