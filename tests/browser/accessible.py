"""What axe-core finds in one part of a page, our own HTML alone: in states that a test has reached
anyhow. Whole pages, Gradio's own components among them, are test_house's."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def keeps_out(page: Page, place: str) -> list[str]:
    """WCAG 2.2 AA: each finding in `place`, a CSS selector of one element, with its HTML."""
    options = {"runOnly": RULES, "resultTypes": ["violations"]}
    violations = Axe().run(page, context=place, options=options).response["violations"]
    return [
        f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for one in violations
        for node in one["nodes"]
    ]
