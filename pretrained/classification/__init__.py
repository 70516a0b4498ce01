"""Naming a picture: EfficientNet-Lite0, a residual network of our own, and HOG with an SVM.

In the order in which to read it:

- the networks: `efficientnet`, `model`; `hog`: before them
- from a picture to an answer: `decoding`, `classifier`, `serve`, `imagenet`, `imagenet_names`,
  `chinese`
- pictures with labels: `folders`, `sources`, `data`
- training: `train`: which recipe; `airbench`, `imagenet_train`, `tasks`, `calibration`, `show`
- measuring: `evaluate`

``hub/`` does the same for models of the Hugging Face Hub.
"""
