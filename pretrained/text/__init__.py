"""Writing on: recurrent networks over characters.

In the order in which to read it:

- the network: `model`, `alphabet`; `stepper`: its served arithmetic; `widen`
- from a prompt to an answer: `options`, `sampling`, `piece`, `serve`, `ending`, `copies`
- looking inside: `memory`
- texts: `data`; `corpora`: those that the shipped networks learnt from
- training: `train`, `show`
- measuring: `evaluate`, `likelihood`

``hub/`` does the same for models of the Hugging Face Hub.
"""
