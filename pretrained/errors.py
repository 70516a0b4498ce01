"""The root of every error that a visitor may be shown.

A `Refusal` is an expected refusal: it carries a ``code`` (looked up as ``error.<code>`` in the
visitor's language) and the ``fields`` of that sentence. Its English sentence, for the command line
and the API, names the fix. Anything that is not a `Refusal` is a bug and is shown only as an id.
"""

from __future__ import annotations

from typing import Any, ClassVar


class Refusal(Exception):
    """Something that the app will not or cannot do, said in one sentence that names the fix."""

    code: ClassVar[str] = "refused"
    sentence: ClassVar[str] = "The app cannot do this: try something else, or reload the page."

    def __init__(self, **fields: Any) -> None:
        self.fields = fields
        super().__init__(self.sentence.format(**fields))


class UnknownEntry(Refusal):
    """No catalogue entry has this key. Fields: model."""

    code = "unknown_model"
    sentence = (
        "There is no model called {model} here: choose one from the list (in a program "
        "`python -m pretrained list` or GET /v1/models)."
    )


class BadData(Refusal):
    """Training or test data that is not in one of the documented formats. Fields: path, reason."""

    code = "bad_data"
    sentence = "The data at {path} cannot be used: {reason}."


class BadCheckpoint(Refusal):
    """A folder that is no checkpoint, or a damaged one. Fields: path, reason."""

    code = "bad_checkpoint"
    sentence = "{path} is not a checkpoint that this app can load: {reason}."


class ViewUnsupported(Refusal):
    """This model cannot be looked into in that way. Fields: model, view."""

    code = "view_unsupported"
    sentence = "{model} has no view called {view}: choose another model or another view."


class MissingDependency(Refusal):
    code = "missing_dependency"
    sentence = "{package} is needed for this: run `pip install {package}` and try again."


class HubOffline(Refusal):
    code = "hub_offline"
    sentence = (
        "{model} is not on this machine yet, and Hugging Face, the site it comes from, cannot be "
        "reached: connect to the network and try again, or choose a model that is already here."
    )


class HubUpload(Refusal):
    """Something was not sent to the Hub. Fields of each: name, the repository."""


class HubToken(HubUpload):
    code = "hub_token"
    sentence = (
        "Hugging Face does not accept this token, and {name} was not sent: make one with the right "
        "to write in your account's settings there, and give all of it."
    )


class HubForbidden(HubUpload):
    code = "hub_forbidden"
    sentence = (
        "This token may not write {name}: take your own user name before the slash, and a token "
        "with the right to write."
    )


class HubName(HubUpload):
    code = "hub_name"
    sentence = (
        "{name} cannot be the name of a repository: write user/name, in English letters, digits, "
        "hyphens, dots and underscores."
    )


class HubTaken(HubUpload):
    code = "hub_taken"
    sentence = "There is something called {name} already: choose another name."


class HubUnreachable(HubUpload):
    code = "hub_unreachable"
    sentence = (
        "Hugging Face cannot be reached or does not answer as it should, and {name} was not sent: "
        "check the network and try again."
    )


class HubSlow(HubUpload):
    """Fields: name, seconds."""

    code = "hub_slow"
    sentence = (
        "{name} was not sent within {seconds} seconds: try again when the network is faster, or "
        "take the model home and send it from there."
    )


class HubNotFound(Refusal):
    code = "hub_not_found"
    sentence = (
        "Hugging Face has no {model} at revision {revision}: check the id or choose another model."
    )


class HubGated(Refusal):
    code = "hub_gated"
    sentence = (
        "{model} asks you to accept its terms first: accept them on its page at Hugging Face, "
        "set HF_TOKEN, and try again."
    )


class HubTruncated(Refusal):
    code = "hub_truncated"
    sentence = (
        "The download of {model} broke off or arrived damaged: "
        "try again, it goes on from where it stopped."
    )


class HubNoSpace(Refusal):
    code = "hub_no_space"
    sentence = (
        "{model} needs {needed} of free disk and only {free} are left: "
        "free some space and try again."
    )


class HubUnsafe(Refusal):
    code = "hub_unsafe"
    sentence = (
        "{model} has its weights only in a format that can run code (pickle): "
        "choose a model that offers safetensors."
    )
