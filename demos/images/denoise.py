"""How diffusion draws: from noise to a picture, step by step, with its guess at every step."""

from __future__ import annotations

from collections.abc import Mapping
from html import unescape
from typing import Any

import numpy as np
from PIL import Image

from demos import pictures
from demos.images import player
from demos.images.answers import STEPS
from demos.images.look import part
from demos.language import Say

WORDS = "images.inside.denoise"


def drawn(say: Say, answer: Mapping[str, Any]) -> str:
    """Where it is, and what it takes the picture to be, under one slider. ``answer``: of
    ``view="steps"``; after the last step the guess is the picture."""
    frames = np.asarray(answer["frames"])
    guesses = np.concatenate([answer["guesses"], answer["image"][None]])
    steps = len(frames) - 1
    told = [unescape(say(f"{WORDS}.step", step=n, steps=steps)) for n in range(steps)]
    told[:1] = [unescape(say(f"{WORDS}.start", steps=steps))]
    told.append(unescape(say(f"{WORDS}.done", steps=steps)))
    body = "".join(
        player.film(strip(stack, unescape(say(f"{WORDS}.{name}_alt"))), say(f"{WORDS}.{name}"))
        for name, stack in (("noisy", frames), ("guess", guesses))
    )
    films = f'<div class="films">{body}</div>'
    return part(say, "denoise", player.drawn(say, "denoise", films, told), steps=steps)


def strip(stack: np.ndarray, alt: str) -> str:
    """Frames [n, h, w, 3] below one another."""
    return pictures.img(Image.fromarray(np.concatenate(list(stack))), alt)


def waiting(say: Say) -> str:
    """While it draws."""
    bar = f'<progress aria-label="{say(f"{WORDS}.waiting")}"></progress>'
    told = f'<p class="quiet">{say(f"{WORDS}.waiting")}</p>'
    return part(
        say, "denoise", f'<div class="waiting" role="status">{bar}{told}</div>', steps=STEPS
    )
