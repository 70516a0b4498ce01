"""A model that was trained here goes home in one zip, and comes back.

    packed(job.out, Facts.of(job))       the zip, kept beside the job until it changes
    unpacked(zip, into, name)            a checkpoint folder of such a zip, checked
    pushed(zip, repository, token)       its content as a repository on the Hub

In the zip, below one folder: safetensors, config.json, what else its loader needs, metrics.json,
history.jsonl, ``model.onnx`` where the network is one that `pretrained.onnx` can export (it says
which), a card in English and Chinese that is written from the run, and ``use_it.py`` and
``use_it.ipynb``, which ask the model: through onnxruntime alone where that is enough (classifiers,
character networks, the GAN), else through this package. The same model gives the same bytes.

Not in it: the visitor's data and whatever tells of it word for word or picture for picture (marks
of the training text, titles), states, moments, samples, and any place on the server.

Loading one back believes nothing that it says: see `unpacking` and `headers`.

packing.py     the zip             card.py        the card, its words in card.*.toml
examples.py    use_it              unpacking.py   a zip that comes back
headers.py     safetensors and configs before they are read
architectures.py   the tensors that a config must tell the shapes of
push.py        to the Hub
"""

from jobs.take_home.packing import Facts, packed
from jobs.take_home.push import pushed
from jobs.take_home.unpacking import recipe, unpacked
from pretrained.sources.hub.upload import checked

__all__ = ["Facts", "checked", "packed", "pushed", "recipe", "unpacked"]
