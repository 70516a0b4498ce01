"""The same served model behind LitServe, with its batching on (https://lightning.ai/litserve).

python -m benchmarks.rivals.lit_server PORT KEY DEVICE

Takes ``{"image": base64}`` at /predict.
"""

import io
import sys
from base64 import b64decode
from typing import Any

if "mcp" not in sys.modules:  # LitServe 0.2 takes the mcp package of 2.x for that of 1.x, and ends
    sys.modules["mcp"] = None  # type: ignore[assignment]

import litserve
from PIL import Image

from pretrained import catalog

# LitServe gathers a batch for so long. It needs some time: with none its worker never rests.
GATHER_SECONDS = 0.01


class Classify(litserve.LitAPI):  # type: ignore[misc]
    """How LitServe asks for a model.

    It takes the annotations of a request and a response for FastAPI's, and would check by them.
    """

    def __init__(self, key: str, **options: Any) -> None:
        super().__init__(**options)
        self.key = key

    def setup(self, device: str) -> None:
        self.model = catalog.find(self.key).load(device)

    # LitServe looks for an argument of just this name.
    def decode_request(self, request):  # type: ignore[no-untyped-def]
        return Image.open(io.BytesIO(b64decode(request["image"]))).convert("RGB")

    def predict(self, pictures: list[Image.Image]) -> Any:
        return self.model.predict(pictures)

    def encode_response(self, answer):  # type: ignore[no-untyped-def]
        return {"label": answer["label"], "confidences": answer["confidences"]}


if __name__ == "__main__":
    port, key, device = sys.argv[1:]
    most = catalog.find(key).max_batch
    api = Classify(key, max_batch_size=most, batch_timeout=GATHER_SECONDS)
    server = litserve.LitServer(api, accelerator=device, devices=1, workers_per_device=1)
    server.run(host="127.0.0.1", port=int(port), generate_client_file=False, log_level="warning")
