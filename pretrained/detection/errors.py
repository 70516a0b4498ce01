"""What the detectors refuse, each in one sentence that names the fix."""

from __future__ import annotations

from pretrained.errors import Refusal


class BadBox(Refusal):
    """A box to be explained that is none, or lies outside the picture. Fields: sent."""

    code = "detection_box"
    sentence = (
        "{sent} is no box in this picture: give four numbers, left, top, right and bottom in its "
        "pixels, such as [10, 20, 110, 220]."
    )


class BadLabel(Refusal):
    """A class that the model does not offer. Fields: sent, labels."""

    code = "detection_label"
    sentence = "This model does not look for {sent}: choose one of {labels}."


class NotTunable(Refusal):
    """Boxes cannot teach this model. Fields: model, others."""

    code = "detection_not_tunable"
    sentence = "{model} cannot learn from boxes: fine-tune {others}."
