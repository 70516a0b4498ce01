"""What the list of each task tells of a model on the Hub: one shape, of which the tasks add to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from pretrained.metrics import Claim
from pretrained.sources.hub import ONE_MODEL
from pretrained.sources.wheel import Wheel

CARD = "https://huggingface.co/{}"


@dataclass(frozen=True, kw_only=True)
class HubEntry:
    """One model of the Hub. Plain data, so that the catalogue imports no torch.

    Attributes:
        name: of the catalogue's key, ``<task>/<name>``.
        title: short English name.
        revision: a commit; None for the main branch, or what the converter made of it.
        files: see `sources.hub.fetch`; the weights last: whoever finds them finds the rest.
        wheel: the file of a package on the Python index that holds its weights too.
        network: what its ``config.json`` says of its size; a test counts ``parameters``.
        parameters: learnt numbers, shared ones once. bytes: of its weights on the Hub.
        max_batch: inputs that are computed together.
        published: ``(metric, value)``, as its authors tell them. split: of what. n: of how many.
        reference: where they were published; None: its card.
    """

    task: ClassVar[str]

    name: str
    title: str
    hub_id: str
    licence: str
    parameters: int
    bytes: int
    max_batch: int
    revision: str | None = None
    files: tuple[str, ...] = ONE_MODEL
    wheel: Wheel | None = None
    network: tuple[tuple[str, Any], ...] = ()
    languages: tuple[str, ...] = ("en",)
    classes: int | None = None
    unfiltered: bool = False
    published: tuple[tuple[str, float], ...] = ()
    split: str = ""
    n: int | None = None
    reference: str | None = None

    @property
    def key(self) -> str:
        return f"{self.task}/{self.name}"

    @property
    def loader(self) -> str:
        return f"pretrained.{self.task}.hub.serve:load"

    def claims(self) -> Iterator[Claim]:
        """What was published of it: without an interval, and not measured here."""
        reference = self.reference or CARD.format(self.hub_id)
        for metric, value in self.published:
            yield Claim.published(metric, value, self.split, self.n, reference)
