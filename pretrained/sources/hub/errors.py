"""What can go wrong with the Hub, the network and the disk, each as one clear refusal."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pretrained.disk import free_bytes
from pretrained.errors import HubGated, HubNoSpace, HubNotFound, HubOffline, HubTruncated


@contextmanager
def hub_errors(hub_id: str, revision: str | None) -> Iterator[None]:
    """Turn what the Hub, the network or a portal in between answers into one clear refusal."""
    import httpx2
    from huggingface_hub import errors

    if offline():
        raise HubOffline(model=hub_id)
    try:
        yield
    except errors.GatedRepoError as error:
        raise HubGated(model=hub_id) from error
    except (
        errors.RepositoryNotFoundError,
        errors.RevisionNotFoundError,
        errors.EntryNotFoundError,
        errors.DisabledRepoError,
        errors.HFValidationError,
    ) as error:
        raise HubNotFound(model=hub_id, revision=revision or "main") from error
    except errors.HfHubHTTPError as error:
        if error.response.status_code in (401, 403):
            raise HubGated(model=hub_id) from error
        if error.response.status_code == 416:  # the file ends before its promised size
            raise HubTruncated(model=hub_id) from error
        raise HubOffline(model=hub_id) from error
    except (httpx2.HTTPError, httpx2.InvalidURL, errors.OfflineModeIsEnabled) as error:
        raise HubOffline(model=hub_id) from error


@contextmanager
def disk_errors(repo: Path, hub_id: str, needed: int) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise HubNoSpace(
            model=hub_id, needed=megabytes(needed), free=megabytes(free_bytes(repo))
        ) from error


def endpoint() -> str:
    from huggingface_hub import constants

    return os.environ.get("HF_ENDPOINT", constants.ENDPOINT).rstrip("/")


def offline() -> bool:
    """The variables as they are now, not as they were when the client was imported."""
    from huggingface_hub import constants

    names = ("BREAKTHROUGHS_OFFLINE", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    said = [os.environ.get(name, "").strip().lower() for name in names]
    return bool(constants.is_offline_mode()) or any(s in {"1", "on", "yes", "true"} for s in said)


def megabytes(count: int) -> str:
    return f"{count / 1e6:,.0f} MB"
