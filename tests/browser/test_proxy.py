"""Behind a small proxy that strips the prefix or keeps it, as nginx does: a visitor sees no
difference, and sends a picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from skimage import data
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.browser.forwarding import connections, handed_on, listening
from tests.browser.server import serving

PREFIX = "/demo"


def passing(app_url: str, keep: bool) -> Starlette:
    """A proxy that serves the app under `PREFIX`, and nothing else."""
    client = connections()

    async def hand_on(request: Request) -> Response:
        path = request.url.path
        if not path.startswith(f"{PREFIX}/"):
            return PlainTextResponse(f"nothing of the app is at {path}", 404)
        inner = path if keep else path.removeprefix(PREFIX)
        return await handed_on(client, request, app_url + inner)

    methods = ["GET", "POST", "HEAD"]
    return Starlette(routes=[Route("/{path:path}", hand_on, methods=methods)])


@pytest.fixture(scope="module", params=["/demo", "/demo/"])
def prefixed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("app"), "--offline", "--root-path", request.param) as url:
        yield url


@pytest.mark.parametrize("keep", [True, False], ids=["kept", "stripped"])
def test_a_visitor_sees_no_proxy(
    browser: Browser, prefixed: str, keep: bool, tmp_path: Path
) -> None:
    picture = tmp_path / "cat.png"
    from PIL import Image

    Image.fromarray(data.chelsea()).save(picture)
    wrong: list[str] = []
    note: Callable[[str], None] = wrong.append
    with listening(passing(prefixed, keep)) as url, browser.new_context() as context:
        page = context.new_page()
        page.on("response", lambda r: note(f"{r.status} {r.url}") if r.status >= 400 else None)
        page.on("requestfailed", lambda r: note(r.url) if "/assets/" in r.url else None)
        page.on(
            "request", lambda r: None if r.url.startswith((url, "data:", "blob:")) else note(r.url)
        )
        page.goto(f"{url}{PREFIX}/?lang=en&tab=classification")
        paper = "getComputedStyle(document.querySelector('.gradio-container')).backgroundColor"
        expect(page.locator("#classification h1")).to_be_visible()
        assert page.evaluate(paper) == "rgb(251, 250, 247)"
        expect(page.locator("[data-footer] [data-show=warm]")).to_contain_text("Models in memory")
        page.locator("#classify-picture input[type=file]").first.set_input_files(picture)
        expect(page.locator("#classify-answer")).to_contain_text("cat")
        shown = page.locator("#classify-picture img").first
        expect(shown).to_have_js_property("complete", True)
        assert shown.evaluate("picture => picture.naturalWidth") > 0
    vain = ("/manifest.json", "/gradio_api/mcp/schema", "/monitoring/summary")
    assert [one for one in wrong if not one.endswith(vain)] == []
