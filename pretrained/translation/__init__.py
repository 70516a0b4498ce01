"""Translating sentences: LSTM encoders and decoders with attention, one network for each direction.

In the order in which to read it:

- the network: `model`, `networks`, `vocabulary`, `grow`; `stepper`: its served arithmetic
- searching: `beam`, `clauses`, `reranking`, `figures`
- from a text to an answer: `serve`, `sentences`, `speech`, `scripts`, `readings`,
  `quantities`, `answers`, `joining`, `languages`, `copies`, `errors`
- pairs of one's own: `files`, `exports`, `objects`, `columns`, `data`
- pairs of ours: `everyday`, `clock_times`, `numerals`, `dictionary`, `exchange`
- training: `train`, `passes`, `tasks`, `show`
- measuring: `evaluate`, `scores`

``hub/`` does the same for models of the Hugging Face Hub.
"""
