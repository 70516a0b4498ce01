"""What a visitor's pictures are once the recipe has read them: the middle squares, small."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SHOWN = 24


def pictures(data: Path, key: str) -> dict[str, Any]:
    """What `images_train.js` shows before a training begins.

    Returns:
        ``pictures``, addresses (data:) of the first `SHOWN`, 64 pixels wide; ``count`` of all;
        ``least`` that are needed, and ``told``, sentences on what was left out, by name.

    Raises:
        BadData: none can be read.
    """
    from PIL import Image

    from demos.pictures import address
    from pretrained.classification.folders import is_picture
    from pretrained.images.data import LEAST, read

    found = read(data.parent if is_picture(data) else data)
    first = found.images[:SHOWN].permute(0, 2, 3, 1).numpy()
    return {
        "pictures": [address(Image.fromarray(one)) for one in first],
        "count": len(found),
        "least": LEAST,
        "told": list(found.told),
    }
