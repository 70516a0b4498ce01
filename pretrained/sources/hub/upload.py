"""Send a folder to the Hub under somebody's own token, which is kept nowhere.

    python -m pretrained.sources.hub.upload     one order in JSON on standard input, one line back

is how the app asks: in a process of its own, which can be ended when it takes too long, and with
the token on standard input, where neither the process list nor a log has it. Imports no torch.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pretrained.errors import (
    HubForbidden,
    HubName,
    HubTaken,
    HubToken,
    HubUnreachable,
    HubUpload,
)
from pretrained.sources.hub.errors import endpoint, offline

if TYPE_CHECKING:
    from huggingface_hub import HfApi

#: What a header may carry; tokens are some 40 letters and digits, those of OAuth up to 1,000.
TOKEN = re.compile(r"[!-~]{8,4000}")
NAME = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}", re.ASCII)
#: Answers of the Hub that say what the sender can mend.
STATUS = {400: HubName, 401: HubToken, 403: HubForbidden, 404: HubName, 409: HubTaken}
#: What a repository has before anything is sent.
EMPTY = {".gitattributes"}


def send(
    folder: Path,
    repository: str,
    token: str,
    *,
    private: bool = True,
    update: bool = False,
    only: Sequence[str] | None = None,
) -> str:
    """Make a repository of a folder's files, in one commit: all of them arrive, or none.

    Args:
        folder: what is sent, with its sub-folders.
        repository: ``owner/name``. token: with the right to write there.
        private: whether only its owner sees it. update: whether it may be there already; else
            only an empty one may, which an earlier attempt left.
        only: patterns of what is sent, as ``*.json``; else everything.

    Returns:
        The address of the repository.

    Raises:
        HubUpload: HubToken, HubForbidden, HubName, HubTaken or HubUnreachable, as they say. None
            of them holds the token.
    """
    name = checked(repository, token)
    if offline():
        raise HubUnreachable(name=name)
    import httpx2
    from huggingface_hub import HfApi, errors

    api = HfApi(endpoint=endpoint(), token=token)
    problem: type[HubUpload] = HubUnreachable
    try:
        _make(api, name, private, update)
        api.upload_folder(
            repo_id=name,
            folder_path=folder,
            commit_message="From Breakthroughs",
            allow_patterns=list(only) if only else None,
        )
    except errors.HFValidationError:
        problem = HubName
    except errors.HfHubHTTPError as error:
        problem = _kind(error)
    except RuntimeError as error:  # of a large file; what happened is its cause
        if isinstance(error.__cause__, errors.HfHubHTTPError):
            problem = _kind(error.__cause__)
    except HubUpload as refusal:
        problem = type(refusal)
    except (httpx2.HTTPError, httpx2.InvalidURL, ConnectionError, ValueError, KeyError):
        pass  # no network, or a portal in between that does not speak the Hub's language
    else:
        return f"{endpoint()}/{name}"
    raise problem(name=name)  # outside, so that no request with its headers hangs on


def checked(repository: str, token: str) -> str:
    """The name of a repository, without blanks around it.

    Raises:
        HubName, HubToken: it is none, or no token.
    """
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined]

    name = repository.strip()
    try:
        validate_repo_id(name)
    except HFValidationError:
        raise HubName(name=name[:100]) from None
    if not NAME.fullmatch(name):
        raise HubName(name=name[:100])
    if not TOKEN.fullmatch(token):
        raise HubToken(name=name)
    return name


def _make(api: HfApi, name: str, private: bool, update: bool) -> None:
    """The repository, if it is not there."""
    from huggingface_hub import errors

    try:
        api.create_repo(name, private=private, exist_ok=update)
    except errors.HfHubHTTPError as error:
        if error.response.status_code != 409:
            raise
        found = api.model_info(name)
        files = {sibling.rfilename for sibling in found.siblings or ()}
        if files - EMPTY or bool(found.private) != private:
            raise HubTaken(name=name) from None


def _kind(error: Exception) -> type[HubUpload]:
    response = getattr(error, "response", None)
    return STATUS.get(getattr(response, "status_code", 0), HubUnreachable)


def main() -> None:
    """Answer ``{"folder", "repository", "token", "private"}`` with ``{"link"}`` or ``{"code"}``."""
    asked = json.load(sys.stdin)
    try:
        answer = {"link": send(
            Path(asked["folder"]), asked["repository"], asked["token"], private=asked["private"]
        )}  # fmt: skip
    except HubUpload as refusal:
        answer = {"code": refusal.code}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
