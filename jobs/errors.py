"""How a training from the page says no, or why it ended. Read `pretrained.errors` first.

A job that failed carries one of these as ``code`` and ``fields``; the page says ``error.<code>``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pretrained.errors import Refusal


class JobRefusal(Refusal):
    """Whatever `jobs` refuses."""


# ---- what is asked ------------------------------------------------------------------------------


class JobsOff(JobRefusal):
    code = "jobs_off"
    sentence = (
        "Nothing can be trained from this page here: whoever runs the server can turn it on with "
        "--jobs."
    )


class JobsElsewhere(JobRefusal):
    """Another server has the same folder. Fields: path."""

    code = "jobs_elsewhere"
    sentence = (
        "Another server runs the trainings in {path}: stop that one, or name another folder with "
        "--jobs-dir."
    )


class UnknownJob(JobRefusal):
    code = "job_unknown"
    sentence = "There is no such training, or it was removed after its time: start another one."


class NotYours(JobRefusal):
    code = "job_not_yours"
    sentence = "Only who started this training can do that: start one of your own."


class UnknownUpload(JobRefusal):
    code = "upload_unknown"
    sentence = "What you sent is no longer here: send it again."


class JobEnded(JobRefusal):
    code = "job_ended"
    sentence = "This training has ended: start another one."


class QueueFull(JobRefusal):
    """Fields: waiting."""

    code = "jobs_full"
    sentence = "{waiting} trainings are waiting already: try again when some of them have ended."


class TooManyYours(JobRefusal):
    """Fields: most."""

    code = "jobs_yours"
    sentence = "You have {most} trainings here already: let one of them end, or remove one."


class UploadsFull(JobRefusal):
    """Fields: most."""

    code = "jobs_uploads"
    sentence = (
        "{most} sets of data are here already that nobody trains on yet: try again when some of "
        "them are gone."
    )


class BadJobOption(JobRefusal):
    """Fields: name, value."""

    code = "job_option"
    sentence = "{name} cannot be {value}: choose another value, or leave it to the recipe."


class NoData(JobRefusal):
    code = "job_no_data"
    sentence = "There is nothing to learn from: add files first."


# ---- what is sent -------------------------------------------------------------------------------


class DataTooLarge(JobRefusal):
    """Fields: limit, in MB."""

    code = "job_data_large"
    sentence = "This is more than {limit} MB of data: send less of it."


class TooManyFiles(JobRefusal):
    """Fields: limit."""

    code = "job_data_files"
    sentence = "These are more than {limit} files: send fewer."


class ZipUnreadable(JobRefusal):
    """Fields: name."""

    code = "zip_unreadable"
    sentence = "{name} is no zip file that can be read: pack it again and send it again."


class ZipEncrypted(JobRefusal):
    """Fields: name."""

    code = "zip_encrypted"
    sentence = "{name} is locked with a password: pack it without one and send it again."


class ZipBomb(JobRefusal):
    """Fields: name."""

    code = "zip_bomb"
    sentence = "{name} would unpack to far more than it seems: pack ordinary files and send those."


class ZipUnsafe(JobRefusal):
    """Fields: name, inside (a file in it)."""

    code = "zip_unsafe"
    sentence = (
        "{name} holds {inside}, which is a link or would land outside its folder: pack plain files "
        "and folders only."
    )


# ---- a model that is taken home, or comes back --------------------------------------------------


class NotDone(JobRefusal):
    code = "job_not_done"
    sentence = "This training has not ended yet: take its model home when it is done."


class PushOff(JobRefusal):
    code = "push_off"
    sentence = (
        "This server sends nothing to the Hugging Face Hub: take the model home as a zip and send "
        "it from your own machine."
    )


class PushBusy(JobRefusal):
    code = "push_busy"
    sentence = "Other models are being sent to the Hub just now: try again in a minute."


class TakeHomeBusy(JobRefusal):
    code = "take_home_busy"
    sentence = "Another model is being packed just now: try again in a minute."


class ModelForeign(JobRefusal):
    """Fields: name, inside (a file in it)."""

    code = "model_foreign"
    sentence = (
        "{name} holds {inside}, which is no part of a model from here: send the zip as it was "
        "taken home."
    )


class ModelWeights(JobRefusal):
    """Fields: name, inside (a file in it), what (for the log)."""

    code = "model_weights"
    sentence = "{inside} in {name} is damaged or was changed: send the zip as it was taken home."


class ModelConfig(JobRefusal):
    """Fields: name, what (for the log)."""

    code = "model_config"
    sentence = (
        "config.json in {name} is missing or does not fit the weights: send the zip as it was "
        "taken home."
    )


class ModelKind(JobRefusal):
    """Fields: name."""

    code = "model_kind"
    sentence = (
        "The model in {name} is of a kind that cannot be loaded from this page: whoever runs a "
        "server can start one with --model."
    )


# ---- why it ended -------------------------------------------------------------------------------


class OverTime(JobRefusal):
    """Fields: minutes."""

    code = "job_time"
    sentence = (
        "The training was stopped when it had not ended after {minutes} minutes: the server is "
        "busy, or this is much data. What was learnt is kept: go on, or start with less data."
    )


class OverMemory(JobRefusal):
    """Fields: limit, in MB."""

    code = "job_memory"
    sentence = (
        "The training was stopped when it took more than {limit} MB of memory: use less data, or "
        "train on your own machine from the command line."
    )


class OverDisk(JobRefusal):
    """Fields: limit, in MB."""

    code = "job_disk"
    sentence = (
        "The training was stopped when it had written more than {limit} MB: train on your own "
        "machine from the command line."
    )


class NoSpace(JobRefusal):
    code = "job_no_space"
    sentence = (
        "The server's disk is full. What was learnt before that is kept: go on when there is "
        "space again."
    )


class NotANumber(JobRefusal):
    code = "job_nan"
    sentence = (
        "The loss was no longer a number, so the training was stopped and what it knew before is "
        "kept: start again, with other data if it comes to this again."
    )


class OtherRun(JobRefusal):
    code = "job_other_run"
    sentence = (
        "What was kept of this training no longer fits its data or its settings: start it again."
    )


class Stalled(JobRefusal):
    """Fields: seconds."""

    code = "job_stalled"
    sentence = (
        "Turns of {seconds} s were too short to learn anything: use less data, or train on your "
        "own machine from the command line."
    )


class Killed(JobRefusal):
    """Fields: times."""

    code = "job_killed"
    sentence = (
        "The training was broken off {times} times without getting any further. What it knew is "
        "kept: go on, or start with less data."
    )


class JobFailed(JobRefusal):
    """Something that nobody expected; the server's log has it. Fields: id."""

    code = "job_failed"
    sentence = (
        "The training ended in a way that nobody expected: start it again, and report the number "
        "{id} if that happens again."
    )


#: Errors of `training` that are no `Refusal`, by their class.
TRAINING: Mapping[str, type[JobRefusal]] = {
    "FloatingPointError": NotANumber,
    "CannotResume": OtherRun,
    "CannotKeep": NoSpace,
}


def said(code: str, fields: Mapping[str, Any]) -> str:
    """The English sentence of a refusal that was kept by its code."""
    for kind in _kinds(Refusal):
        if kind.code == code:
            try:
                return kind.sentence.format(**fields)
            except (KeyError, IndexError):
                break
    return JobFailed.sentence.format(id=code)


def _kinds(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _kinds(child)
