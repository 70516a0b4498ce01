"""What the translators refuse, each in one sentence that names the fix."""

from __future__ import annotations

from pretrained.errors import Refusal


class NothingToTranslate(Refusal):
    """No word and no sign. Fields: none."""

    code = "translation_nothing"
    sentence = "There is nothing to translate here: type or paste a sentence."


class TooLong(Refusal):
    """More text than one request may hold. Fields: length, most, both in characters."""

    code = "translation_too_long"
    sentence = "The text has {length} characters: send at most {most} at a time."


class UnknownDirection(Refusal):
    """Languages that this model does not translate between. Fields: source, target, known."""

    code = "translation_direction"
    sentence = "This model does not translate from {source} to {target}: it knows {known}."


class NotTold(Refusal):
    """A text whose language was to be noticed, and that nothing tells. Fields: none."""

    code = "translation_not_told"
    sentence = (
        "Nothing in this text tells whether it is English, French or Chinese: name its language "
        "(en, fr or zh) instead of auto."
    )


class SameLanguage(Refusal):
    """Source and target are one. Fields: language."""

    code = "translation_same_language"
    sentence = "Both sides are {language}: choose another language on one of them."


class BadBeams(Refusal):
    """A number of beams out of bounds. Fields: sent, most."""

    code = "translation_beams"
    sentence = "There cannot be {sent} beams: choose a whole number from 1 to {most}."


class BadPrefix(Refusal):
    """A forced beginning for a text of several sentences, or one too long. Fields: most."""

    code = "translation_prefix"
    sentence = (
        "A beginning can be forced for one sentence only, with at most {most} tokens: "
        "shorten the text or the beginning."
    )
