"""What the face models refuse, each in one sentence that names the fix."""

from __future__ import annotations

from pretrained.errors import Refusal


class BadPoint(Refusal):
    """What is to be drawn is not said as it must be. Fields: sent."""

    code = "image_point"
    sentence = (
        "No face can be drawn from {sent}: give a seed such as 7, or up to 8 seeds with weights "
        "such as 7*0.9,12*0.44."
    )


class BadTruncation(BadPoint):
    """Fields: sent."""

    code = "image_truncation"
    sentence = "{sent} is no truncation: give a number from 0 (the mean face) to 1 (as drawn)."


class BadSeed(Refusal):
    """A seed out of bounds. Fields: sent, most."""

    code = "image_seed"
    sentence = "{sent} is not a seed: choose a whole number from 0 to {most}."


class BadCount(Refusal):
    """More pictures than one request may ask for, or none. Fields: sent, most."""

    code = "image_count"
    sentence = "There cannot be {sent} pictures: choose a whole number from 1 to {most}."


class BadSteps(Refusal):
    """A number of steps out of bounds. Fields: sent, most."""

    code = "image_steps"
    sentence = "A picture cannot be drawn in {sent} steps: choose a whole number from 1 to {most}."


class BadText(Refusal):
    """What is to be drawn is told at too great a length. Fields: count, most."""

    code = "image_text"
    sentence = "The text has {count} characters and at most {most} can be drawn: shorten it."


class NotTunable(Refusal):
    """Pictures cannot teach this model. Fields: model, others."""

    code = "image_not_tunable"
    sentence = (
        "{model} has been taught to draw in one step, which it would unlearn from pictures: "
        "fine-tune {others}."
    )
