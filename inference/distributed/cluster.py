"""Ray itself: joined or started, and what the director does to it."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterable, Mapping
from typing import Any

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # before Ray is imported: tell nobody of us
os.environ.setdefault("RAY_ENABLE_AUTO_CONNECT", "0")  # who asks too late starts no other one
os.environ.setdefault("RAY_worker_niceness", "0")  # Ray's 15 would starve them beside the page
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # as Ray says it will be

import ray
from ray import serve
from ray.serve.config import AutoscalingConfig
from ray.serve.schema import LoggingConfig

from inference.distributed import NoCluster
from inference.distributed.director import Director
from inference.distributed.replica import Replica
from inference.protocols import Entry
from inference.settings import Settings

#: Where the director is found, by its name.
NAMESPACE, DIRECTOR = "breakthroughs", "director"
#: The deployment of an application: each has one.
MODEL = "model"
#: Bytes of shared memory for pictures on their way, where Ray is started here.
OBJECT_STORE = 512 * 2**20
#: Variables that libraries read where models load.
PASSED_ON = ("BREAKTHROUGHS_OFFLINE", "BREAKTHROUGHS_CACHE_DIR", "HF_HUB_OFFLINE")
#: Seconds without work after which a replica more than needed leaves.
DOWNSCALE = 60.0
#: No line a request.
LOGGING = LoggingConfig(log_level="WARNING", enable_access_log=False)
#: Seconds that the director may take to say what one replica is.
PATIENCE = 2.0
#: What makes one of Serve's configurations, and `serve.status` makes some too, may not run in two
#: threads at once: each registers a module for the whole process, and takes it away again.
_one = threading.Lock()


def join(settings: Settings) -> bool:
    """Joins the cluster of the settings, or starts one on this machine. Whether it was started.

    Raises:
        NoCluster: there is none at that address.
    """
    if ray.is_initialized():
        return False
    address = settings.ray_address
    started: dict[str, Any] = {"object_store_memory": OBJECT_STORE, "include_dashboard": False}
    try:
        ray.init(
            address=address or "local",
            namespace=NAMESPACE,
            logging_level=logging.WARNING,
            **({} if address else started),
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        if address is None:
            raise
        logging.getLogger(__name__).warning("%s: %s", address, error)
        raise NoCluster(address=address) from None
    return address is None


def director(settings: Settings) -> Any:
    """The cluster's director, made if it is not there yet. The first page's settings count."""
    serve.start(proxy_location="Disabled", logging_config=LOGGING)
    remote: Any = ray.remote(Director)
    return remote.options(
        name=DIRECTOR,
        namespace=NAMESPACE,
        lifetime="detached",
        get_if_exists=True,
        num_cpus=0,
        max_restarts=-1,
        max_concurrency=1000,
    ).remote(RayCluster(settings), settings)


def handle(app: str) -> Any:
    """What asks the replicas of an application. May block."""
    return serve.get_deployment_handle(MODEL, app, _check_exists=False)


logging.getLogger("ray.serve").setLevel(logging.WARNING)  # it tells of every cancelled request


class RayCluster:
    """`inference.distributed.director.Cluster`, in the director's process."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        self._rows: dict[str, dict[str, Any]] = {}

    def deploy(self, app: str, entry: Entry) -> None:
        """Asks Serve for an application with one deployment."""
        settings = self._settings
        if settings.device == "auto" and not settings.ray_gpus:
            settings = settings.model_copy(update={"device": "cpu"})  # as none is reserved
        least, most = settings.ray_min_replicas, self._most_replicas
        with _one:
            options: dict[str, Any] = {"num_replicas": least}
            if most > least:
                # One batch in work and one that waits: below, more replicas would only make batches
                # smaller.
                scaling = AutoscalingConfig(
                    min_replicas=least,
                    max_replicas=most,
                    target_ongoing_requests=2 * entry.max_batch,
                    upscale_delay_s=5.0,
                    downscale_delay_s=DOWNSCALE,
                )
                options = {"autoscaling_config": scaling}
            deployment: Any = serve.deployment(
                Replica,
                name=MODEL,
                ray_actor_options={"num_cpus": settings.ray_cpus, "num_gpus": settings.ray_gpus},
                # What is under way waits in the replica's own queue, where callers take turns.
                max_ongoing_requests=settings.queue_limit + entry.max_batch,
                max_queued_requests=settings.queue_limit,
                graceful_shutdown_wait_loop_s=0.5,
                graceful_shutdown_timeout_s=5.0,
                health_check_period_s=2.0,
                logging_config=LOGGING,
                **options,
            )
            made = deployment.bind(entry, settings, self._environment)
            serve.run_many(
                [serve.RunTarget(made, name=app, route_prefix=None)],
                wait_for_ingress_deployment_creation=False,
                wait_for_applications_running=False,
            )

    def delete(self, app: str) -> None:
        serve.delete(app)
        self._rows.pop(app, None)

    def room(self) -> int:
        """How many models with their least number of replicas the cluster holds."""
        there, settings = ray.cluster_resources(), self._settings
        each = {"CPU": settings.ray_cpus, "GPU": settings.ray_gpus}
        return int(
            min(
                there.get(kind, 0) / (share * settings.ray_min_replicas)
                for kind, share in each.items()
                if share
            )
        )

    def look(self, apps: Iterable[str]) -> dict[str, dict[str, Any]]:
        """What Serve says of them, and one replica of each."""
        found = {}
        with _one:
            known = serve.status().applications
        for app in apps:
            if app not in known:
                continue
            model = known[app].deployments.get(MODEL)
            states: Mapping[Any, int] = model.replica_states if model else {}  # by names
            running = states.get("RUNNING", 0)
            row = self._row(app) if running else {}
            found[app] = {
                "state": row.get("state", "loading"),
                "bytes": row.get("bytes", 0),
                "device": row.get("device"),
                "replicas": running,
            }
        return found

    def _row(self, app: str) -> dict[str, Any]:
        """Of one replica; asked until its model is loaded."""
        if self._rows.get(app, {}).get("state") != "warm":
            try:
                self._rows[app] = handle(app).row.remote().result(timeout_s=PATIENCE)
            except Exception:  # it may be dying, or busy: asked again at the next look
                return {}
        return self._rows[app]

    @property
    def _most_replicas(self) -> int:
        return max(self._settings.ray_min_replicas, self._settings.ray_max_replicas)
