"""Drawing faces: a GAN, and a small diffusion model.

In the order in which to read it:

- the networks: `model`, `diffusion`
- from a seed to an answer: `point`, `serve`, `serve_diffusion`, `replay`, `errors`
- photographs: `data`, `augment`
- training: `train`, `tasks`, `refining`, `show`
- measuring: `evaluate`, `frechet`, `perceptual`, `features`, `statistics`, `copies`

``hub/`` does the same for models of the Hugging Face Hub.
"""
