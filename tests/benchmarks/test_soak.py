"""Who is to blame for what, by a server that is none."""

from __future__ import annotations

import httpx

from benchmarks.soak import BAD, GOOD, Soaked, table, visit


async def soaked(answer: int, bad: int, rounds: int = 400) -> Soaked:
    left = [rounds]

    def going() -> bool:
        left[0] -= 1
        return left[0] >= 0

    def respond(request: httpx.Request) -> httpx.Response:
        sent = request.content if request.content.startswith(b"{") else b""  # no picture's bytes
        wrong = sent == b"{" or any(word in sent for word in (b"bm90", b"none", b"seven"))
        return httpx.Response(bad if wrong else answer, text="{}")

    transport = httpx.MockTransport(respond)
    async with httpx.AsyncClient(base_url="http://soak", transport=transport) as client:
        return await visit(client, 4, going)


async def test_a_clean_soak_has_no_errors_and_every_kind() -> None:
    found = await soaked(200, 400)
    assert not found.errors and set(found.kinds) == {"pages", *GOOD, *BAD}
    assert all(found.kinds[kind].counts["refused as due"] for kind in BAD)
    assert any(found.kinds[kind].counts["broken off"] for kind in GOOD)
    shown = str(table(found, [(0.0, 100.0), (9.0, 110.0)], {"status": "ok"}, 10.0))
    assert "100, -, -, 110" in shown and "errors: 0" in shown


async def test_busy_is_the_visitors_and_the_rest_is_not() -> None:
    assert not (await soaked(503, 400)).errors
    broken = await soaked(500, 400)
    assert len(broken.errors) == sum(one.counts["errors"] for one in broken.kinds.values()) > 100
    assert {told.partition(":")[0] for told in (await soaked(200, 200)).errors} == set(BAD)
