"""The same weights without pickle: what Hugging Face's own converter has opened as a pull request.

Many older repositories hold only ``pytorch_model.bin``. Hugging Face's account SFconvertbot reads
such files on its own machines and offers them as safetensors, by a pull request whose branch is the
whole repository with that file added. transformers takes weights from there too, by the same signs:
title, author, and that it is open. Imports no torch.
"""

from __future__ import annotations

from pretrained.errors import HubGated, HubNotFound, HubOffline
from pretrained.hub_errors import endpoint, hub_errors

BOT = "SFconvertbot"
TITLE = "Adding `safetensors` variant of this model"


def converted(hub_id: str) -> str | None:
    """The branch of the newest such pull request, ``refs/pr/N``; None where there is none.

    Raises:
        HubOffline: the Hub cannot be reached.
    """
    from huggingface_hub import HfApi

    try:
        with hub_errors(hub_id, None):
            offers = HfApi(endpoint=endpoint()).get_repo_discussions(
                hub_id, author=BOT, discussion_type="pull_request", discussion_status="open"
            )
            numbers = [
                int(one.num)
                for one in offers
                if one.author == BOT
                and one.title == TITLE
                and one.is_pull_request
                and one.status == "open"
            ]
    except (HubGated, HubNotFound):
        return None  # its discussions are closed to us, or switched off
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise HubOffline(model=hub_id) from error
    return f"refs/pr/{max(numbers)}" if numbers else None
