"""Learn: two small networks to play with, then the article and its figures."""

from __future__ import annotations

from demos import page
from demos.images.learn import figures, points_gan
from demos.language import Words


def build(words: Words) -> None:
    """The points on top, the article below."""
    points_gan.build(words)
    page.article("images", words, figures.figures())
    page.questions("images", words)
