"""Visitors' files are gone an hour after they came, whoever brought them and however they ended.

Gradio's own `delete_cache` knows the files of finished uploads of this run. What an upload that was
broken off, a former run, or an emptied folder leaves, is found by its age.
"""

from __future__ import annotations

import contextlib
import logging
import os
import tempfile
import threading
import time
from collections.abc import Collection
from pathlib import Path

AGE = 3600.0  # seconds
EVERY = 600.0

log = logging.getLogger(__name__)


def own_folder() -> Path:
    """Where visitors' files lie: GRADIO_TEMP_DIR, or a folder that no other program and no other
    user of this machine shares. It is made if need be, and named to Gradio. Raises OSError."""
    named = os.environ.get("GRADIO_TEMP_DIR")
    user = os.getuid() if hasattr(os, "getuid") else "me"
    folder = Path(named or Path(tempfile.gettempdir()) / f"breakthroughs-{user}").resolve()
    if not named and folder.exists() and hasattr(os, "getuid"):
        about = folder.stat()
        if about.st_uid != os.getuid() or about.st_mode & 0o077:  # somebody laid it there for us
            folder = Path(tempfile.mkdtemp(prefix="breakthroughs-")).resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    return folder


def sweep(folder: Path, keep: Collection[str] = (), age: float = AGE) -> int:
    """Remove files that came more than ``age`` seconds ago, and folders that are empty for as long;
    how many. ``keep`` are paths that the page itself is made of."""
    kept = {os.path.realpath(path) for path in keep}
    before, removed = time.time() - age, 0
    for place, folders, files in os.walk(folder, topdown=False):
        for name in files:
            removed += _gone(os.path.join(place, name), before, kept, os.unlink)
        for name in folders:
            removed += _gone(os.path.join(place, name), before, kept, os.rmdir)
    return removed


def _gone(path: str, before: float, kept: set[str], remove: object) -> bool:
    # Another process may sweep the same folder, and a visitor may be writing to it.
    with contextlib.suppress(OSError):
        if os.lstat(path).st_ctime < before and os.path.realpath(path) not in kept:
            remove(path)  # type: ignore[operator]
            return True
    return False


def keep_swept(folder: Path, keep: Collection[str] = ()) -> threading.Thread:
    """Sweep now and every ten minutes, in a thread of its own that ends with the process."""

    def run() -> None:
        while True:
            try:
                if removed := sweep(folder, keep):
                    log.info("%d old files and folders of visitors removed", removed)
            except Exception:
                log.exception("visitors' files could not be swept")
            time.sleep(EVERY)

    thread = threading.Thread(target=run, name="sweep", daemon=True)
    thread.start()
    return thread
