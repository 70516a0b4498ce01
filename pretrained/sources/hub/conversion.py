"""The same weights without pickle: what Hugging Face's own converter has opened as a pull request.

Many older repositories hold only ``pytorch_model.bin``. Hugging Face's account SFconvertbot reads
such files on its own machines and offers them as safetensors, by a pull request whose branch is the
whole repository with that file added. transformers takes weights from there too, by the same signs:
title, author, and that it is open. Imports no torch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pretrained.errors import HubGated, HubNotFound, HubOffline
from pretrained.sources.hub.errors import endpoint, hub_errors

BOT = "SFconvertbot"
TITLE = "Adding `safetensors` variant of this model"
PAGES = 10  # of pull requests that are looked through


def converted(hub_id: str) -> str | None:
    """The branch of the newest such pull request, ``refs/pr/N``; None where there is none.

    Raises:
        HubOffline: the Hub cannot be reached, or does not answer.
    """
    try:
        with hub_errors(hub_id, None):
            numbers = [
                int(one["num"])
                for one in _offers(hub_id)
                if one.get("author", {}).get("name") == BOT
                and one["title"] == TITLE
                and one["isPullRequest"]
                and one["status"] == "open"
            ]
    except (HubGated, HubNotFound):
        return None  # its discussions are closed to us, or switched off
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HubOffline(model=hub_id) from error
    return f"refs/pr/{max(numbers)}" if numbers else None


def _offers(hub_id: str) -> Iterator[dict[str, Any]]:
    """The converter's open pull requests, as the Hub tells them. The client's own function for
    this (2.4) waits for ever where nobody answers."""
    from huggingface_hub import constants, get_session, hf_raise_for_status
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    for page in range(PAGES):
        response = get_session().get(
            f"{endpoint()}/api/models/{hub_id}/discussions",
            headers=build_hf_headers(),
            params={"type": "pull_request", "status": "open", "author": BOT, "p": page},
            timeout=constants.HF_HUB_ETAG_TIMEOUT,
        )
        hf_raise_for_status(response)
        told = response.json()
        yield from told["discussions"]
        if told["start"] + len(told["discussions"]) >= told["count"]:
            return
