"""The Gradio app that one writes first: the model is loaded at import, one call is one picture.

python -m benchmarks.rivals.naive_gradio PORT KEY DEVICE

It gets the same served model as everybody here, so it is spared what such an app often also does:
import torchvision for its transforms, and download the weights.
"""

import sys

import gradio as gr
import torch  # noqa: F401  as such an app does, at its top
from PIL import Image

from pretrained import catalog

port, key, device = sys.argv[1:]
model = catalog.find(key).load(device)


def classify(picture: Image.Image) -> dict[str, float]:
    """One picture, one answer."""
    answer = model.predict([picture])[0]
    return {row["label"]: row["confidence"] for row in answer["confidences"]}


if __name__ == "__main__":
    page = gr.Interface(classify, gr.Image(type="pil"), gr.Label(), api_name="classify")
    page.launch(server_name="127.0.0.1", server_port=int(port), ssr_mode=False, quiet=True)
