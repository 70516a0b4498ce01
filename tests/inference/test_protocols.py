"""How a loader is found, and how a model is weighed."""

from __future__ import annotations

import sys
from types import SimpleNamespace

import pytest
from engine_fakes import FakeEntry

from inference.protocols import load_entry, measure


def test_the_loader_is_imported_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = FakeEntry("a", loader="a_model_of_ours:load")
    module = SimpleNamespace(load=lambda *given: given)
    monkeypatch.setitem(sys.modules, "a_model_of_ours", module)

    def progress(done: int, total: int) -> None:
        """Not called here."""

    assert load_entry(entry, "cpu", progress) == (entry, "cpu", progress)


def test_a_model_weighs_what_it_says_else_what_its_tensors_add_up_to() -> None:
    entry = FakeEntry("a", bytes=99)
    tensor = SimpleNamespace(numel=lambda: 10, element_size=lambda: 4)
    module = SimpleNamespace(parameters=lambda: [tensor, tensor], buffers=lambda: [tensor])
    assert measure(SimpleNamespace(bytes=7), entry) == 7
    assert measure(module, entry) == 120
    assert measure(object(), entry) == 99
