"""The same engine on many machines: ``python app.py --engine ray`` (see docs/scaling.md).

    engine = inference.distributed.engine_class()(catalog.entries(), settings)

    page process ── RayEngine ──asks──> Director (one actor of the cluster: what is deployed, since
         │                              when it is idle, what has to leave)
         └──asks──> Ray Serve, one deployment a model ── Replica (one `inference.Engine`, one model)

engine.py    what the tabs ask         director.py   which models are deployed
replica.py   where a model computes    wire.py       refusals on their way between processes

Nothing here is imported without ``--engine ray``, and nothing but it imports Ray.
"""

from __future__ import annotations

from importlib.util import find_spec

from inference.engine import Engine
from pretrained.errors import Refusal


class NoRay(Refusal):
    """``--engine ray`` where Ray is not installed."""

    code = "no_ray"
    sentence = (
        "--engine ray needs Ray: run `pip install -r requirements-ray.txt`, or leave out --engine."
    )


class NoCluster(Refusal):
    """No Ray is found where it should be. Fields: address."""

    code = "no_cluster"
    sentence = (
        "No Ray cluster answers at {address}: start one with `ray start --head`, name its address "
        "with --ray-address, or leave that out and one is started here."
    )


def engine_class() -> type[Engine]:
    """`RayEngine`, to be made as an `Engine` is.

    Raises:
        NoRay: it is not installed.
    """
    if find_spec("ray") is None or find_spec("ray.serve") is None:
        raise NoRay()
    from inference.distributed.engine import RayEngine

    return RayEngine
