"""What a visit leaves in the server's memory: what its callbacks keep, and nothing of the page.

Gradio 6.31 keeps for every session the configuration of all blocks and in it what was sent, 0.75 MB
of this page, to make a link to a page as it was left ("deep link"). Nothing here makes one.
"""

from __future__ import annotations

from copy import copy
from datetime import datetime, timedelta
from typing import Any

import gradio as gr
from gradio import blocks, route_utils, state_holder
from gradio.state_holder import SessionState, StateHolder

MOST = 4000  # sessions; the one that was used longest ago makes room
GONE_AFTER = timedelta(hours=1)  # as the page says of what was uploaded


class Lean(SessionState):
    """A session without the page's configuration."""

    def __init__(self, page: gr.Blocks) -> None:
        self.blocks_config = copy(page.default_config)
        self.config_values: dict[int, dict[Any, Any]] = {}
        self.state_data: dict[int, Any] = {}
        self._state_ttl: dict[int, Any] = {}
        self.is_closed = False
        self.STATE_TTL_WHEN_CLOSED = int(GONE_AFTER.total_seconds())

    def __setitem__(self, key: int, value: Any) -> None:
        super().__setitem__(key, value)
        self.config_values.clear()

    def _update_config(self, key: int) -> None:
        """Nothing is kept."""

    def _update_value_in_config(self, key: int, value: Any) -> None:
        """Nothing is kept."""


def forget_closed(holder: StateHolder, now: datetime | None = None) -> None:
    """Let go of sessions whose page was closed `GONE_AFTER` ago."""
    before = (now or datetime.now()) - GONE_AFTER
    for session, used in list(holder.time_last_used.items()):
        state = holder.session_data.get(session)
        if state is None or (state.is_closed and used < before):
            holder.delete_state(session)
            with holder.lock:
                holder.session_data.pop(session, None)
                holder.time_last_used.pop(session, None)


def keep_little() -> None:
    """From now on Gradio keeps of a session what callbacks keep, until an hour after its end."""
    for module in (state_holder, blocks, route_utils):
        module.SessionState = Lean  # type: ignore[attr-defined]
    StateHolder.delete_all_expired_state = _expire  # type: ignore[method-assign]


_expired = StateHolder.delete_all_expired_state


def _expire(holder: StateHolder) -> None:
    _expired(holder)
    forget_closed(holder)
