"""Finds the Chromium that the tests drive. `python tests/browser/chromium.py` prints its path, or
fails where there is none (`make browser` then installs one)."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-gpu"]


def find() -> str | None:
    """The system's Chromium, else Playwright's own; BREAKTHROUGHS_CHROMIUM goes before both."""
    chosen = os.environ.get("BREAKTHROUGHS_CHROMIUM")
    if chosen:
        return chosen
    for name in NAMES:
        if path := shutil.which(name):
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


if __name__ == "__main__":
    found = find()
    print(found or "no Chromium found")
    sys.exit(0 if found else 1)
