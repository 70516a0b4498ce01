"""Behind a proxy's prefix, stripped or kept: every file, our head and our headers arrive."""

from __future__ import annotations

import re
from collections.abc import Iterator

import gradio as gr
import pytest
from starlette.testclient import TestClient

from demos import proxy, web
from demos.language import Words
from tests.conftest import FakeEngine

ROOTS = ("/demo", "https://example.com/demo")


@pytest.fixture(scope="module", params=ROOTS)
def behind(request: pytest.FixtureRequest, words: Words) -> Iterator[TestClient]:
    """A small page that was started with ``--root-path``."""
    with gr.Blocks() as page:
        gr.Markdown("hello")
    app, _, _ = page.launch(
        app_kwargs=web.app_kwargs(FakeEngine(), words, root_path=request.param),
        root_path=request.param,
        quiet=True,
        prevent_thread_lock=True,
        _frontend=False,
    )
    with TestClient(app, base_url="http://example.com", follow_redirects=False) as client:
        yield client
    page.close()


@pytest.mark.parametrize("prefix", ["", "/demo"], ids=["stripped", "kept"])
def test_all_of_the_page_arrives(behind: TestClient, prefix: str) -> None:
    page = behind.get(f"{prefix}/")
    assert page.status_code == 200 and page.text.count("house/page.css") == 1
    assert "frame-ancestors" in page.headers["content-security-policy"]
    assert '<base href="/demo/">' in page.text
    assert '"root":"http' in page.text and 'example.com/demo"' in page.text
    gradios = re.search(r'src="\./(assets/index-[^"]+\.js)"', page.text)
    assert gradios
    icons = ("house/icon.svg", "house/preview.png")
    for name in ("house/page.css", "house/tabs.css", "house/page.js", *icons, gradios[1]):
        answer = behind.get(f"{prefix}/{name}")
        assert answer.status_code == 200, name
        assert answer.headers["x-content-type-options"] == "nosniff"
    for name in ("healthz", "metrics", "licence", "config", "gradio_api/info"):
        assert behind.get(f"{prefix}/{name}").status_code == 200, name


def test_the_prefix_alone_leads_to_the_page(behind: TestClient) -> None:
    answer = behind.get("/demo?lang=zh")
    assert (answer.status_code, answer.headers["location"]) == (307, "/demo/?lang=zh")


def test_link_previews_name_the_address_that_visitors_use(behind: TestClient) -> None:
    page = behind.get("/").text
    assert re.search(r'property="og:url" content="https?://example\.com/demo/"', page)


@pytest.mark.parametrize(
    ("root_path", "prefix"),
    [
        *(("", ""), ("/", ""), ("demo", "/demo"), ("/demo/", "/demo"), ("/a/b", "/a/b")),
        *(("https://example.com", ""), ("https://example.com/demo/", "/demo")),
    ],
)
def test_prefixes(root_path: str, prefix: str) -> None:
    assert proxy.prefix_of(root_path) == prefix


def test_no_address_gets_into_the_page_unescaped() -> None:
    scope = {"type": "http", "scheme": "http", "headers": [(b"host", b'x"><script>')]}
    assert "<" not in proxy.public_root(scope)


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_a_network_of_version_6_counts_as_one(host, counted):
    assert proxy.network(host) == counted
