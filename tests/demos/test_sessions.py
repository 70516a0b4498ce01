"""What a visit leaves in the server's memory."""

from __future__ import annotations

import gc
import tracemalloc
from datetime import datetime, timedelta
from typing import Any

import gradio as gr
import httpx
import pytest
from gradio import blocks, route_utils, state_holder
from gradio.state_holder import SessionState, StateHolder
from served import client, served

import app
from demos import sessions
from demos.language import Words

MB = 1_000_000


@pytest.fixture(autouse=True)
def lean(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (state_holder, blocks, route_utils):
        monkeypatch.setattr(module, "SessionState", SessionState)
    monkeypatch.setattr(
        StateHolder, "delete_all_expired_state", StateHolder.delete_all_expired_state
    )
    sessions.keep_little()


@pytest.fixture(scope="module")
def page() -> gr.Blocks:
    from inference import Engine, Settings
    from pretrained import catalog

    return app.build(Engine(catalog.entries(), Settings()), Words())


def test_a_session_of_the_whole_page_costs_little(page: gr.Blocks) -> None:
    holder = StateHolder()
    holder.set_blocks(page)
    _ = holder["first"]
    gc.collect()
    tracemalloc.start()
    for number in range(50):
        _ = holder[f"session {number}"]
    held, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held / 50 < 0.05 * MB


def test_nothing_of_what_was_sent_or_answered_is_kept() -> None:
    def build() -> None:
        text, out = gr.Textbox(), gr.Textbox()
        text.submit(lambda sent: gr.update(value=sent * 2), text, out, api_name="say")

    with served(build) as page:
        asking = client(page)
        assert asking.predict("x" * 1000, api_name="/say")["value"] == "x" * 2000
        state = page.app.state_holder.session_data[asking.session_hash]
    assert isinstance(state, sessions.Lean) and state.config_values == {}
    assert not any(getattr(block, "value", None) for block in state.blocks_config.blocks.values())


def test_what_callbacks_keep_and_change_works() -> None:
    def count(kept: int) -> tuple[int, Any, str]:
        return kept + 1, gr.update(label=f"{kept}"), str(kept + 1)

    def build() -> None:
        kept, text, out = gr.State(0), gr.Textbox(), gr.Textbox()
        text.submit(count, kept, [kept, text, out], api_name="count")

    with served(build) as page:
        asking = client(page)
        for number in "123":
            assert asking.predict(api_name="/count")[-1] == number
        assert client(page).predict(api_name="/count")[-1] == "1"
        direct = httpx.post(f"{page.local_url}gradio_api/run/count", json={"data": [None]})
        assert direct.status_code == 200 and direct.json()["data"][-1] == "1"


def test_a_session_is_forgotten_an_hour_after_its_page_was_closed() -> None:
    with gr.Blocks() as small:
        kept = gr.State(0)
    holder = StateHolder()
    holder.set_blocks(small)
    for name in ("open", "closed", "just closed"):
        holder[name][kept._id] = 7
    now = datetime.now()
    later = now + timedelta(hours=1, minutes=1)
    holder.session_data["closed"].is_closed = True
    holder.session_data["just closed"].is_closed = True
    holder.time_last_used["just closed"] = later
    sessions.forget_closed(holder, now)
    assert set(holder.session_data) == {"open", "closed", "just closed"}
    sessions.forget_closed(holder, later)
    assert set(holder.session_data) == set(holder.time_last_used) == {"open", "just closed"}


def test_the_server_holds_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sessions.MOST * 0.05 <= 250, "MB of all sessions"
    with gr.Blocks() as small:
        pass
    small.state_session_capacity = 3
    holder = StateHolder()
    holder.set_blocks(small)
    for number in range(5):
        _ = holder[str(number)]
    assert len(holder.session_data) == 3
