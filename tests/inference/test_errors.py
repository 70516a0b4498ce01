"""Every refusal has a code, fields and a sentence; everything else becomes an id."""

from __future__ import annotations

import pytest

from inference.errors import (
    BadInput,
    EngineError,
    LoadFailed,
    ModelFailed,
    OutOfMemory,
    Refusal,
    explain,
)

FIELDS = {"model": "a", "moment": 2, "waiting": 3, "seconds": 60.0, "id": "1f"}


def children(kind: type[Refusal]) -> list[type[Refusal]]:
    found = kind.__subclasses__()
    return found + [each for child in found for each in children(child)]


@pytest.mark.parametrize("kind", children(EngineError))
def test_each_has_a_code_of_its_own_and_a_sentence_that_its_fields_fill(
    kind: type[Refusal],
) -> None:
    codes = [each.code for each in children(EngineError)]
    assert codes.count(kind.code) == 1
    assert "{" not in str(kind(**FIELDS))


def test_a_refusal_is_passed_on() -> None:
    refusal = BadInput()
    assert explain(refusal, "a") is refusal


def test_the_unexpected_is_logged_with_the_id_that_the_caller_gets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for loading, kind in ((False, ModelFailed), (True, LoadFailed)):
        refusal = explain(ValueError("a secret path"), "a", loading=loading)
        assert type(refusal) is kind
        assert refusal.fields["id"] in caplog.text and "a secret path" in caplog.text
        assert "secret" not in str(refusal)


def test_running_out_of_memory_has_its_own_sentence() -> None:
    assert isinstance(explain(MemoryError(), "a", loading=True), OutOfMemory)
