"""A step that fails leaves its states as they were, so that it can be tried again.

A step writes several characters or points and may fail at any of them, for instance for want of
memory. What the others had written by then would be lost if they were stepped once more from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np


@contextmanager
def rollback_on_error(states: Sequence[Any]) -> Iterator[None]:
    """Restores every attribute of ``states`` if what is done within raises.

    Attributes are held by reference: a step must replace them, and not change them in place. The
    random generators are the exception, their state is kept too.
    """
    before = [vars(state).copy() for state in states]
    rngs = [v for kept in before for v in kept.values() if isinstance(v, np.random.Generator)]
    rng_states = [rng.bit_generator.state for rng in rngs]
    try:
        yield
    except BaseException:
        for state, kept in zip(states, before, strict=True):
            vars(state).update(kept)
        for rng, rng_state in zip(rngs, rng_states, strict=True):
            rng.bit_generator.state = rng_state
        raise
