"""What the pen and the reader refuse, each in one sentence that names the fix."""

from __future__ import annotations

from pretrained.errors import Refusal


class NothingToWrite(Refusal):
    """No character that the pen can write. Fields: none."""

    code = "pen_nothing"
    sentence = "There is nothing here that the pen can write: type letters, digits or punctuation."


class TooLong(Refusal):
    """More than one line. Fields: length, most, both in characters."""

    code = "pen_too_long"
    sentence = "The text has {length} characters and the pen writes at most {most} in one line."


class OnePoint(Refusal):
    """Strokes without extent. Fields: none."""

    code = "pen_one_point"
    sentence = "There is only a dot here: write a few words with the mouse or a finger."


class BadStrokes(Refusal):
    """Strokes that are not lists of pairs of numbers, or too many points. Fields: most."""

    code = "pen_bad_strokes"
    sentence = (
        "These strokes cannot be read: send lists of points (x, y) with at most {most} in all."
    )


class NotSpelled(Refusal):
    """Strokes came without the words that they spell. Fields: none."""

    code = "pen_not_spelled"
    sentence = "The pen must know what you wrote: type the words that your strokes spell."


class NoSuchHand(Refusal):
    """A style that is not shipped. Fields: sent, most."""

    code = "pen_no_such_hand"
    sentence = "There is no hand {sent}: choose one from 0 to {most}."
