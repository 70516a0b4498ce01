"""Nine pictures that the default model answers rightly, and one, labelled so, that fools it.

They come out of packages that requirements.txt names anyway, and one was drawn for this page. A
test asks the real model about each.
"""

from __future__ import annotations

from functools import cache

from demos.examples import Example

GRADIO, SKIMAGE, SKLEARN, OURS = "gradio", "skimage", "sklearn", "demos"
EXAMPLES = (
    Example("espresso", SKIMAGE, "data/coffee.png", ("espresso",), "food"),
    Example("lion", GRADIO, "media_assets/images/lion.jpg", ("lion",), "wild-cats"),
    Example("cat", SKIMAGE, "data/chelsea.png", ("tabby cat", "tiger cat", "Egyptian cat"), "cats"),
    Example("cheetah", GRADIO, "media_assets/images/cheetah1.jpg", ("cheetah",), "wild-cats"),
    Example("photographer", SKIMAGE, "data/camera.png", ("tripod",), "electronics"),
    Example("crossword", OURS, "classification/crossword.png", ("crossword puzzle",), "writing"),
    Example("motorcycle", SKIMAGE, "data/motorcycle_left.png", (), "vehicles"),
    Example("pagoda", SKLEARN, "datasets/images/china.jpg", ("palace",), "places"),
    Example("rocket", SKIMAGE, "data/rocket.jpg", ("missile", "projectile"), "ships"),
    Example("horse", SKIMAGE, "data/horse.png", ("chestnut horse",), "mammals", fools=True),
)


@cache
def available() -> tuple[Example, ...]:
    """The examples whose packages are installed; the first is answered when the page opens."""
    return tuple(example for example in EXAMPLES if example.path)
