"""How diffusion draws: from noise to a picture, step by step, with its guess at every step."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from html import unescape

import numpy as np
from PIL import Image

from demos import page, pictures
from demos.images import cards
from demos.images.answers import DIFFUSION, STEPS, Pixels
from demos.images.inside.look import Look, film, player
from demos.language import Say

WORDS = "images.inside.denoise"


@dataclass
class Steps:
    """A drawing so far: ``frames`` [n + 1] from noise on, ``guesses`` [n] made at each but the
    last, uint8 [64, 64, 3] each."""

    frames: list[Pixels] = field(default_factory=list)
    guesses: list[Pixels] = field(default_factory=list)


async def steps_of(look: Look) -> AsyncGenerator[Steps, None]:
    """The same drawing after each step; a visitor who leaves ends it. Raises a `Refusal`."""
    point, found = look.looked.point, Steps()
    noise = await look.engine.predict(look.diffusion, point, view="steps", steps=1)
    found.frames.append(noise["frames"][0])
    async with aclosing(look.engine.stream(look.diffusion, point, steps=STEPS)) as events:
        async for event in events:
            found.frames.append(event["noisy"])
            found.guesses.append(event["image"])
            yield found


def drawn(say: Say, found: Steps, key: str = DIFFUSION) -> str:
    """Where it is, and what it takes the picture to be, under one slider; after the last step the
    guess is the picture. ``key``: of the model that drew; how long it learnt is told of ours."""
    frames, guesses = found.frames, [*found.guesses, found.frames[-1]]
    steps = len(frames) - 1
    told = [unescape(say(f"{WORDS}.step", step=n, steps=steps)) for n in range(steps)]
    told[:1] = [unescape(say(f"{WORDS}.start", steps=steps))]
    told.append(unescape(say(f"{WORDS}.done", steps=steps)))
    body = "".join(
        film(strip(stack, unescape(say(f"{WORDS}.{name}_alt"))), say(f"{WORDS}.{name}"))
        for name, stack in (("noisy", frames), ("guess", guesses))
    )
    films = f'<div class="films">{body}</div>'
    learnt = cards.learnt(key, say) if key == DIFFUSION else ""
    shown = player(say, "denoise", films, told) + learnt
    return page.section(say, "images.inside.denoise", shown, steps=steps)


def strip(stack: Sequence[Pixels], alt: str) -> str:
    """Frames below one another."""
    return pictures.img(Image.fromarray(np.concatenate(stack)), alt)


def waiting(say: Say, step: int = 0) -> str:
    """While it draws: a bar with its count."""
    said = say(f"{WORDS}.waiting", step=step, steps=STEPS)
    return page.section(
        say,
        "images.inside.denoise",
        page.waiting(said, f'max="{STEPS}" value="{step}"'),
        steps=STEPS,
    )
