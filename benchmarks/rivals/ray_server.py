"""The same served model behind Ray Serve, with its batching on (https://docs.ray.io, "Dynamic
Request Batching").

python -m benchmarks.rivals.ray_server PORT KEY DEVICE

Takes ``{"image": base64}`` at /predict; GET / says that it is up.
"""

import io
import os
import signal
import sys
from base64 import b64decode
from typing import Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # before Ray is imported: tell nobody
os.environ.setdefault("RAY_worker_niceness", "0")  # Ray's 15 would starve it beside the others

import ray
from PIL import Image
from ray import serve
from ray.serve.config import HTTPOptions
from starlette.requests import Request

from pretrained import catalog

# Ray Serve gathers a batch for so long: as LitServe here, and as its own default.
GATHER_SECONDS = 0.01
#: Requests that the one replica may hold: more than any row has callers.
ONGOING = 256


class Classify:
    """How Ray Serve asks for a model."""

    def __init__(self, key: str, device: str) -> None:
        self.model = catalog.find(key).load(device)
        batched: Any = self.predict  # Ray adds what its annotations do not tell
        batched.set_max_batch_size(catalog.find(key).max_batch)

    @serve.batch(max_batch_size=1, batch_wait_timeout_s=GATHER_SECONDS)
    async def predict(self, pictures: list[Image.Image]) -> list[Any]:
        return self.model.predict(pictures)

    async def __call__(self, request: Request) -> dict[str, Any]:
        if request.method == "GET":
            return {}
        sent = (await request.json())["image"]
        answer = await self.predict(Image.open(io.BytesIO(b64decode(sent))).convert("RGB"))
        return {"label": answer["label"], "confidences": answer["confidences"]}


if __name__ == "__main__":
    port, key, device = sys.argv[1:]
    ray.init(
        address="local",
        include_dashboard=False,
        object_store_memory=100 * 2**20,
        log_to_driver=False,
    )
    serve.start(http_options=HTTPOptions(host="127.0.0.1", port=int(port)))
    one: Any = serve.deployment(
        Classify,
        max_ongoing_requests=ONGOING,
        ray_actor_options={"num_gpus": 1 if device == "cuda" else 0},
    )
    serve.run(one.bind(key, device))
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    ray.shutdown()
