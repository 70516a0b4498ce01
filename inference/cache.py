"""Models in memory: leases, a byte budget, and who leaves when room is needed.

A model that somebody holds a lease on never leaves. Idle ones leave after a keep-alive, or earlier
when the models on a device exceed its budget; `inference.eviction` chooses who. On an accelerator
they are parked in host memory before they are dropped. If everything over the budget is held, it
stays over it: refusing would not free a byte, and running out for real is handled where it happens.

Loading and moving happen in the thread that wants the model, outside the lock; whoever else wants
it waits. The scheduler of ollama (server/sched.go) showed how little is needed for this.
"""

from __future__ import annotations

import gc
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from inference.device import Device, with_room
from inference.errors import Closed
from inference.eviction import FLEETING, Held, LeastRecent, Policy
from inference.metrics import Metrics
from inference.protocols import Entry, Load, measure

log = logging.getLogger(__name__)
Row = dict[str, Any]


@dataclass(eq=False, kw_only=True)
class Slot(Held):
    """One model's place. Changed under the cache's lock only. ``bytes`` are measured; while
    loading, those that are expected."""

    entry: Entry
    state: Literal["cold", "loading", "warm", "parking", "parked"] = "cold"
    model: Any = None
    where: str = ""  # the memory that ``bytes`` count against
    leases: int = 0
    doomed: bool = False  # leaves as soon as nobody holds it
    progress: tuple[int, int] | None = None
    attempt: Attempt | None = None

    @property
    def fleeting(self) -> bool:
        return getattr(self.entry, "fleeting", False)


class Attempt:
    """One try at loading, and how it failed. Everybody who waited for it is told."""

    error: BaseException | None = None


class Lease:
    """The right to use a model. A context manager; ``release`` may be called twice."""

    def __init__(self, cache: Cache, slot: Slot) -> None:
        self._cache, self._slot = cache, slot
        self.model: Any = slot.model

    @property
    def doomed(self) -> bool:
        """Somebody asked for the model to leave: release soon."""
        return self._slot.doomed

    def release(self) -> None:
        if self.model is not None:
            self.model = None
            self._cache._release(self._slot)

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


class Cache:
    """Every model in memory. All methods may be called from any thread; only `acquire` and
    `evict_idle` may block."""

    def __init__(
        self,
        load: Load,
        device: Callable[[], Device],
        clock: Callable[[], float],
        keep_alive: float,
        metrics: Metrics,
        policy: Policy | None = None,
    ) -> None:
        self._load, self._choose_device = load, device
        self._clock, self._keep_alive, self._metrics = clock, keep_alive, metrics
        self._policy: Policy = policy or LeastRecent()
        self._slots: dict[str, Slot] = {}
        self._changed = threading.Condition()
        self._choosing = threading.Lock()
        self._closing = False
        self.proven = False  # whether anything was ever loaded
        self._device: Device | None = None  # known once the first model loads

    # Leases

    def acquire(self, entry: Entry) -> Lease:
        """A lease, once the model is on the device. Loads it in this thread if nobody else does.

        Raises what the loader raised, in every thread that waited for that load. The next call
        tries again.
        """
        with self._changed:
            if self._closing:
                raise Closed()
            slot = self._slots.setdefault(entry.key, Slot(entry=entry))
            slot.leases += 1  # from here on it cannot be chosen to leave
            while slot.state in ("loading", "parking"):
                attempt = slot.attempt  # of the load under way, if it is one
                self._changed.wait()
                if attempt is not None and attempt.error is not None:
                    slot.leases -= 1
                    self._forget_if_over(slot)
                    raise attempt.error
            if slot.state == "warm":
                self._metrics.found(entry.key, "device")
                return Lease(self, slot)
            if slot.state == "cold":
                slot.entry = entry
            self._metrics.found(entry.key, "disk" if slot.model is None else "host")
            slot.state, slot.attempt = "loading", Attempt()
            attempt = slot.attempt
        try:
            self._bring(slot)
        except BaseException as error:
            with self._changed:
                attempt.error = error
                self._empty(slot)
                slot.leases -= 1
                self._forget_if_over(slot)
                self._changed.notify_all()
            self._metrics.load_failed(entry.key)
            self.evict_due()
            raise
        self.evict_due()
        return Lease(self, slot)

    def _bring(self, slot: Slot) -> None:
        """From disk, the Hub or host memory onto the device."""
        with self._choosing:
            if self._device is None:
                self._device = self._choose_device()
        device, entry, started = self._device, slot.entry, self._clock()
        parked = slot.model
        with self._changed:
            slot.where, slot.bytes = device.kind, slot.bytes or entry.bytes
        self.evict_due()  # makes room for what is expected

        def progress(done: int, total: int) -> None:
            if self._closing:  # breaks a long download off
                raise Closed()
            slot.progress = (done, total)

        def work() -> Any:
            if parked is None:
                return self._load(entry, device.kind, progress)
            return _moved(parked, device.kind)

        model = with_room(work, self.evict_idle)
        with self._changed:
            slot.model, slot.bytes = model, measure(model, entry)
            slot.state, slot.attempt, slot.progress = "warm", None, None
            slot.used_at = self._clock()
            seconds = slot.used_at - started
            if parked is None:  # what it costs to miss it
                slot.load_s = seconds
            self._policy.used(slot)
            self.proven = True
            self._changed.notify_all()
        self._metrics.loaded(entry.key, seconds)

    def _release(self, slot: Slot) -> None:
        with self._changed:
            slot.leases -= 1
            slot.used_at = self._clock()
            slot.uses += 1
            self._policy.used(slot)
        self.evict_due()

    # Leaving

    def evict_due(self) -> None:
        """Lets go of what has to leave: doomed, idle for too long, or over a budget."""
        left = False
        while True:
            with self._changed:
                slot = self._next_to_leave()
                if slot is None:
                    break
                left = True
                park = self._parkable(slot)
                if park:
                    slot.state, slot.where = "parking", "cpu"
                else:
                    self._drop(slot)
            if park:
                self._park(slot)
        if left and self._device is not None:
            self._device.release()

    def _next_to_leave(self) -> Slot | None:
        now = self._clock()
        idle = [
            slot
            for slot in self._slots.values()
            if slot.leases == 0 and slot.state in ("warm", "parked")
        ]
        idle.sort(key=lambda slot: slot.used_at)
        for slot in idle:
            # Parked models get a second keep-alive: host memory is the cheaper one.
            patience = self._keep_alive * (2 if slot.state == "parked" else 1)
            if slot.doomed or now - slot.used_at >= patience:
                return slot
        fleeting = [slot for slot in idle if slot.fleeting]
        if len(fleeting) > FLEETING:
            return fleeting[0]
        budgets = self._device.budgets if self._device else {}
        for memory, budget in budgets.items():
            if self._used(memory) > budget:
                found = [slot for slot in idle if slot.where == memory]
                if found:
                    first = [slot for slot in found if slot.fleeting]
                    return self._policy.victim(first or found)
        return None

    def _parkable(self, slot: Slot) -> bool:
        device = self._device
        return (
            device is not None
            and slot.state == "warm"
            and slot.where != "cpu"
            and not slot.doomed
            and not slot.fleeting
            and hasattr(slot.model, "to")
            and slot.bytes <= device.budgets.get("cpu", 0)
        )

    def _park(self, slot: Slot) -> None:
        try:
            model = _moved(slot.model, "cpu")
        except Exception:
            log.exception("%s could not be parked in host memory: dropped", slot.entry.key)
            model = None
        with self._changed:
            if model is None:
                self._empty(slot)
                self._forget_if_over(slot)
                to = "nowhere"
            else:
                slot.model, slot.bytes = model, measure(model, slot.entry)
                slot.state, to = "parked", "host"
            self._changed.notify_all()
        self._metrics.left(slot.entry.key, to)

    def _drop(self, slot: Slot) -> None:
        """Under the lock, of an idle slot."""
        self._empty(slot)
        self._forget_if_over(slot)
        self._metrics.left(slot.entry.key, "nowhere")

    @staticmethod
    def _empty(slot: Slot) -> None:
        slot.model, slot.bytes, slot.where, slot.uses = None, 0, "", 0
        slot.state, slot.attempt, slot.progress = "cold", None, None

    def _forget_if_over(self, slot: Slot) -> None:
        if slot.state != "cold" or slot.leases > 0:
            return
        if self._slots.get(slot.entry.key) is slot:
            del self._slots[slot.entry.key]

    def evict_idle(self) -> None:
        """Drops everything idle, parked models too, and waits for moves under way."""
        with self._changed:
            self._changed.wait_for(
                lambda: all(slot.state != "parking" for slot in self._slots.values())
            )
            for slot in list(self._slots.values()):
                if slot.leases == 0 and slot.state in ("warm", "parked"):
                    self._drop(slot)
        gc.collect()
        if self._device is not None:
            self._device.release()

    def unload(self, key: str) -> None:
        """Drops a model as soon as nobody holds it."""
        with self._changed:
            if slot := self._slots.get(key):
                slot.doomed = True
        self.evict_due()

    def close(self) -> None:
        """Every model leaves as soon as nobody holds it, and downloads break off."""
        with self._changed:
            self._closing = True
            keys = list(self._slots)
        for key in keys:
            self.unload(key)

    # What there is

    def _used(self, memory: str) -> int:
        return sum(slot.bytes for slot in self._slots.values() if slot.where == memory)

    def used(self) -> int:
        """Measured bytes of the models on the device."""
        with self._changed:
            kind = self._device.kind if self._device else ""
            return sum(
                slot.bytes
                for slot in self._slots.values()
                if slot.where == kind and slot.state == "warm"
            )

    def warm(self, key: str) -> bool:
        with self._changed:
            return key in self._slots and self._slots[key].state == "warm"

    def cold(self, key: str) -> bool:
        with self._changed:
            return key not in self._slots

    @property
    def device(self) -> Device | None:
        """Where models run; not known before the first one loads."""
        return self._device

    def load_progress(self, key: str) -> tuple[int, int] | None:
        with self._changed:
            return self._slots[key].progress if key in self._slots else None

    def row(self, entry: Entry) -> Row:
        """What `Engine.status` says about one model."""
        with self._changed:
            slot = self._slots.get(entry.key) or Slot(entry=entry)
            known = slot.state in ("warm", "parked", "parking")
            return {
                "key": entry.key,
                "state": "parked" if slot.state == "parking" else slot.state,
                "bytes": slot.bytes if known else 0,
                "leases": slot.leases,
                "idle_seconds": self._clock() - slot.used_at if known and slot.leases == 0 else 0.0,
                "device": slot.where or None,
                "progress": list(slot.progress) if slot.progress else None,
            }


def _moved(model: Any, device: str) -> Any:
    """``model.to(device)``, which may move in place (torch) or give another object."""
    moved = model.to(device)
    return model if moved is None else moved
