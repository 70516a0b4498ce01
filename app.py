"""Builds the page and starts the server: settings in, Blocks out.

    python app.py --port 7860          every setting: python app.py --help

Nothing heavy is imported here: torch and the first model load in the background once the page is
up. `tests/test_house.py` holds that.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
import signal
import socket
import sqlite3
import sys
import threading
from pathlib import Path
from typing import Any

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until `shutdown` waits for it

if os.environ.get("SPACES_ZERO_GPU"):  # must be imported before anything that touches CUDA
    import spaces  # noqa: F401

if "mcp" not in sys.modules:  # Gradio imports it where it is installed, for a server of its own
    sys.modules["mcp"] = None  # type: ignore[assignment]

import gradio as gr
from starlette.middleware import Middleware

from demos import (
    TABS,
    inputs,
    login,
    logs,
    models,
    present,
    proxy,
    results,
    server,
    sessions,
    shutdown,
    sweeping,
    training,
    uploads,
    v1,
    visitors,
    web,
)
from demos.classification import examples
from demos.classification import train as classification_train
from demos.detection import train as detection_train
from demos.language import Words
from demos.page import layout
from demos.page.theme import theme
from inference import Engine, Settings, distributed, zero
from jobs import Jobs
from jobs import Limits as JobLimits
from pretrained import catalog
from pretrained.errors import Refusal

if not sys.modules["mcp"]:
    del sys.modules["mcp"]

log = logging.getLogger("app")


def build(engine: Engine, words: Words, jobs: Jobs | None = None) -> gr.Blocks:
    """The whole page. Nothing is loaded and nothing is asked of the engine."""
    # After every event Gradio 6.31 sums up its last 10,000 ones with pandas, for a monitoring page
    # that is closed here (`enable_monitoring=False`): 4 to 9 ms of CPU a call.
    os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = str(sys.maxsize)
    uploads.fetch_nothing()
    uploads.keep_apart()
    sessions.keep_little()
    visitors.share_queue()
    with inputs.Page(
        words,
        title=words.say("en", "house.name"),
        analytics_enabled=False,
        delete_cache=(600, 3600),
    ) as page:
        layout.header(words)
        with gr.Tabs(elem_id="site", overflow_behavior="wrap"):
            for name in TABS:
                if name == "server" and not engine.settings.server_page:
                    continue
                with gr.Tab(words(f"{name}.tab"), id=name, elem_id=name):
                    importlib.import_module(f"demos.{name}").build(engine, words, jobs)
        layout.footer(words)

        def status() -> dict[str, Any]:
            return engine.status()

        api = gr.api  # type: ignore[attr-defined]
        api(status, api_name="status", concurrency_limit=None)
    return page


class PortTaken(Refusal):
    """Nothing can listen there. Fields: host, port, reason (the system's own words)."""

    code = "port_taken"
    sentence = (
        "Port {port} of {host} cannot be used ({reason}): stop what uses it, or choose another "
        "one with --port."
    )


class NoFolder(Refusal):
    """Visitors' files would have no place. Fields: folder, reason (the system's own words)."""

    code = "no_folder"
    sentence = (
        "Visitors' files cannot be kept in {folder} ({reason}): name another folder by "
        "GRADIO_TEMP_DIR."
    )


def claim(host: str, port: int) -> None:
    """Find out before anything is loaded whether the server will be able to listen.

    Raises:
        PortTaken: it will not.
    """
    try:
        for name in dict.fromkeys((host, "localhost")):  # Gradio tries localhost whatever the host
            family, *_, address = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family) as listener:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(address)
    except OSError as error:
        raise PortTaken(host=host, port=port, reason=error.strerror) from None
    except UnicodeError:  # no name of a machine
        raise PortTaken(host=host, port=port, reason="there is no such host") from None


def place_for_visitors() -> Path:
    """The folder that visitors' files lie in. Raises `NoFolder`."""
    try:
        return sweeping.own_folder()
    except OSError as error:
        raise NoFolder(folder=error.filename, reason=error.strerror) from None


def bundled(engine: Engine) -> list[str]:
    """The keys of models that need no download, the operator's own among them."""
    return [key for key, entry in models.entries(engine).items() if entry.bundled]


def warm_up(engine: Engine) -> None:
    """Load torch and the first bundled model, so that the first visitor need not wait for them."""
    for first in bundled(engine)[:1]:
        try:
            asyncio.run(engine.preload(first))
        except Exception:
            log.exception("warming up with %s failed; it is tried again on first use", first)


def trainings(settings: Settings) -> Jobs | None:
    """What trains visitors' models; None where its folder cannot be had, which is logged: the rest
    of the page works without."""
    try:
        return Jobs(JobLimits.of(settings))
    except (Refusal, OSError, sqlite3.Error) as error:
        log.warning("nothing can be trained from the page: %s", error)
        return None


def before(settings: Settings, words: Words) -> list[Middleware]:
    """What every request passes first: its line in the log, and the login."""
    stand = [Middleware(logs.Requests)] if settings.log == "json" else []
    if settings.login:
        key = settings.api_key.get_secret_value() if settings.api_key else None
        secret = settings.login.get_secret_value()
        stand.append(Middleware(login.Login, words=words, login=secret, key=key))
    return stand


def main(arguments: list[str] | None = None) -> None:
    """Serve until interrupted."""
    settings = Settings.from_command_line(arguments)
    logs.set_up(settings.log_level, settings.log)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # What downloads models, here or in a library, reads these.
    if settings.offline:
        os.environ |= {"BREAKTHROUGHS_OFFLINE": "1", "HF_HUB_OFFLINE": "1"}
    if settings.cache_dir:
        os.environ["BREAKTHROUGHS_CACHE_DIR"] = str(settings.cache_dir)
    if settings.downloads is not None:
        os.environ["BREAKTHROUGHS_DOWNLOADS"] = ",".join(settings.downloads)
    if settings.downloads_disk_mb:
        os.environ["BREAKTHROUGHS_DOWNLOADS_MB"] = str(settings.downloads_disk_mb)
    proxy.trust(settings.trusted_proxies)
    words = Words(settings.language)
    try:
        visitors_files = place_for_visitors()
        claim(settings.host, settings.port)
        v1.check(settings)
        jobs = trainings(settings)
        kind: type[Engine] = Engine
        if settings.engine == "ray":
            kind = distributed.engine_class()
        elif settings.engine == "zero":
            kind = zero.ZeroEngine
        engine = kind(
            catalog.entries(), settings, caller=visitors.current, unlisted=training.unlisted(jobs)
        )
        for folder in settings.model:
            engine.add(catalog.extra(folder, engine.entries))
        if isinstance(engine, zero.ZeroEngine):  # on this thread, before launch
            engine.place(*bundled(engine))
        elif settings.preload:
            asyncio.run(engine.preload(*bundled(engine)))
    except Refusal as refusal:
        print(f"app.py: {refusal}", file=sys.stderr)
        raise SystemExit(2) from None
    page = build(engine, words, jobs)
    beside = [
        *present.routes(engine, words),
        *server.routes(engine, words),
        *classification_train.routes(engine, words, jobs),
        *detection_train.routes(engine, words, jobs),
        *results.routes(words, jobs, settings.data_folder),  # below /train, so first
        *training.routes(engine, words, jobs),
        *v1.routes(engine, words),
    ]
    page.queue(max_size=settings.queue_limit)
    page.launch(
        server_name=settings.host,
        server_port=settings.port,
        root_path=settings.root_path or None,
        theme=theme(),
        i18n=web.Unsent(),
        favicon_path=str(web.HEAD / "icon.svg"),
        footer_links=["api"],  # its button is hidden and pressed by ours (page.js)
        run_history=False,
        enable_monitoring=False,
        max_file_size=f"{settings.max_upload_mb}mb",
        # They lie in installed packages, which may be anywhere.
        allowed_paths=[str(example.path) for example in examples.available()],
        app_kwargs=web.app_kwargs(
            engine,
            words,
            settings.max_upload_mb,
            settings.root_path,
            settings.framed_by,
            beside,
            before(settings, words),
        ),
        state_session_capacity=sessions.MOST,
        ssr_mode=False,
        quiet=True,
        prevent_thread_lock=True,
        _frontend=False,  # else Gradio gives up where its own page takes three seconds to answer
    )
    log.info("serving %s", page.local_url)
    if jobs is not None:
        jobs.start()
    if settings.warm and not settings.preload:
        threading.Thread(target=warm_up, args=(engine,), name="warm up", daemon=True).start()
    sweeping.keep_swept(
        visitors_files, {path for block in page.blocks.values() for path in block.keep_in_cache}
    )
    shutdown.until_asked()
    shutdown.shut_down(engine, page)
    if jobs is not None:
        jobs.close()
    shutdown.leave()


if __name__ == "__main__":
    main()
