"""A convolution to touch: the first layer of the network, done by hand on the visitor's picture.

`convolution.js` computes it in the browser from what the model says of its first layer
(`ImagenetClassifier`'s view ``convolution``): pixels, filter, products, their sum, and the map.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import Any

from PIL import Image

from demos import pictures
from demos.language import Words

SCRIPT = (
    "import(new URL('house/convolution.js', document.baseURI)).then((it) => it.mount(element));"
)
START = "classification.touch."
#: What the script says while the visitor moves.
SAID = ("place", "below", "above", "outside", "filter")
COLOURS = ("red", "green", "blue")


def drawn(words: Words, lang: str, seen: Mapping[str, Any]) -> str:
    """The furniture of the step and what the script needs, as HTML.

    Args:
        seen: the view ``convolution`` of one picture.
    """
    say = words.speaker(lang)
    layer = {name: seen[name] for name in ("mean", "std", "stride", "most")}
    layer["kernels"] = [round(float(weight), 5) for weight in seen["kernels"].ravel()]
    layer["bias"] = [round(float(bias), 5) for bias in seen["bias"]]
    layer["side"] = int(seen["kernels"].shape[-1])
    said = {name: words.tables[lang][START + name] for name in (*SAID, *COLOURS)}
    height, width = seen["input"].shape[:2]
    picture = Image.fromarray(seen["input"])
    alt = say("classification.inside.input_alt", width=width, height=height)
    side = -(-height // seen["stride"])
    source = pictures.img(picture, alt, lossless=True)
    return (
        f'<div class="convolution" data-layer="{escape(json.dumps(layer))}" '
        f'data-said="{escape(json.dumps(said, ensure_ascii=False))}"><div hidden>{source}</div>'
        f'<div class="filters" role="radiogroup" aria-label="{say(START + "filters")}"></div>'
        '<div class="sides"><figure><canvas class="given" tabindex="0" role="application" '
        f'aria-label="{say(START + "given")}" aria-describedby="touch-line"></canvas>'
        f"<figcaption>{say(START + 'given_text')}</figcaption></figure>"
        f'<figure><canvas class="made" role="img" aria-label="{say(START + "made")}"></canvas>'
        f"<figcaption>{say(START + 'made_text', side=side)} "
        f'<button type="button" class="ghost" data-fill>{say(START + "fill")}</button>'
        "</figcaption></figure></div>"
        '<div class="sum" aria-hidden="true"></div>'
        '<p id="touch-line" class="line" role="status"></p></div>'
    )
