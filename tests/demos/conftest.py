"""What the tests of several tabs are given."""

from __future__ import annotations

import pytest


@pytest.fixture
def sent(tmp_path, monkeypatch):
    """Bytes as the page sends them: a file among the uploads and the name that it had."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))

    def send(content: bytes, name: str = "picture.png") -> dict:
        path = tmp_path / f"{abs(hash(content))}-{name.replace('/', '_')}"
        path.write_bytes(content)
        return {"path": str(path), "orig_name": name, "url": None}

    return send
