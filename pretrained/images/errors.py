"""What the networks that draw refuse, each in one sentence that names the fix."""

from __future__ import annotations

from pretrained.errors import Refusal


class BadPoint(Refusal):
    """A face that none can be drawn from. Field: sent."""

    code = "image_point"
    sentence = (
        "No face can be drawn from {sent}: write a seed such as 7, or up to 8 seeds with weights "
        "such as 7*0.9,12*0.44."
    )


class BadCount(Refusal):
    """A number of pictures out of bounds. Fields: sent, most."""

    code = "image_count"
    sentence = "{sent} pictures cannot be drawn at once: choose a whole number from 1 to {most}."


class BadSeed(Refusal):
    """A seed out of bounds. Fields: sent, most."""

    code = "image_seed"
    sentence = "{sent} is no seed: choose a whole number from 0 to {most}."


class BadSteps(Refusal):
    """A number of steps out of bounds. Fields: sent, most."""

    code = "image_steps"
    sentence = "A picture cannot be drawn in {sent} steps: choose a whole number from 1 to {most}."
