"""The models from the command line: list, train, evaluate, push, and data to begin with."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import tempfile
import traceback
import uuid
import zipfile
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

if __name__ == "__main__" and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends imports without a traceback, too

import typer

from pretrained import catalog, checkpoint
from pretrained.cards import Card, cards
from pretrained.catalog import Entry
from pretrained.errors import BadCheckpoint, Refusal
from training.errors import BadOption, CannotKeep, CannotResume, Stopped

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False)
#: What of a checkpoint folder is sent to the Hub.
SENT = ("*.json", "*.jsonl", "*.safetensors", "*.spm", "*.model", "README.md", "*.onnx", "use_it.*")


def expanded(data: str) -> str:
    """A path, or several with commas between them, with the home for each ``~`` at its start: the
    shell leaves ``--data=~/texts`` as it is."""
    if not data.strip():
        raise typer.BadParameter("it is empty: name a file or a folder")
    try:
        parts = [data] if Path(data).exists() else data.split(",")
    except OSError as error:
        raise typer.BadParameter(f"this is no path ({error.strerror}): name a file") from None
    if len(parts) > 1:
        parts = [part.strip() for part in parts]
    return ",".join(os.path.expanduser(part) for part in parts)


def at_home(path: Path | None) -> Path | None:
    """The same for one path."""
    return path.expanduser() if path else None


def writable(out: Path) -> Path:
    """The same for a folder to write in, before anything is read or learnt."""
    out = out.expanduser()
    if os.environ.get("RANK", "0") != "0":
        return out  # the first of several processes sees to it
    made: list[Path] = []
    try:
        if ".." in out.parts:
            out = out.resolve()  # a folder is not made only to be left again
        made = [folder for folder in (out, *out.parents) if not folder.exists()]
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        reason = f"nothing can be written there ({error.strerror}): name another folder"
        raise typer.BadParameter(reason) from None
    finally:
        for folder in made:  # nothing is left behind where the data are refused
            with suppress(OSError):
                folder.rmdir()
    return out


def typed() -> str:
    """The command that this is, as it can be typed again."""
    processes = os.environ.get("WORLD_SIZE", "1")
    each = f"accelerate launch --multi_gpu --num_processes {processes}"
    return f"{each if processes != '1' else 'python'} -m pretrained {shlex.join(sys.argv[1:])}"


Key = Annotated[str, typer.Argument(help="A model's key, such as classification/cifar10.")]
Data = Annotated[
    str,
    typer.Option(
        "--data", help="A file, a folder, or a data set id on the Hub.", callback=expanded
    ),
]


def recipe_module(key: str, name: str) -> Any:
    """The module ``train``, ``hub.train`` or ``evaluate`` of the task that a key belongs to."""
    task = key.split("/")[0]
    if not (catalog.HERE / task / f"{name.replace('.', '/')}.py").is_file():
        catalog.find(key)  # says that there is no such model
    return import_module(f"pretrained.{task}.{name}")


@app.command("list")
def list_models() -> None:
    """Every model with its size, licence, source, and where it is now."""
    from pretrained import sources

    rows: list[tuple[str, ...]] = [("key", "MB", "parameters", "licence", "source", "here")]
    for entry in catalog.entries().values():
        here = str(sources.state(entry))
        size, weights = f"{entry.bytes / 1e6:.1f}", f"{entry.parameters:,}"
        rows.append((entry.key, size, weights, entry.licence, sources.described(entry), here))
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(str(cell).ljust(width) for cell, width in zip(row, widths, strict=True)))
    for entry in catalog.entries().values():
        for claim in entry.claims:
            if claim.met is False:
                print(
                    f"misses its target: {entry.key} {claim.metric} {claim.value:.4f}, "
                    f"target {claim.target} ({claim.split}, n {claim.n})"
                )


@app.command()
def train(
    key: Key,
    data: Data,
    out: Annotated[
        Path, typer.Option(help="Folder for the checkpoint.", file_okay=False, callback=writable)
    ],
    minutes: Annotated[float | None, typer.Option(help="Wall-clock budget.")] = None,
    epochs: Annotated[
        int | None,
        typer.Option(help="Passes over the data; rounds, where a recipe draws its data anew."),
    ] = None,
    lr: Annotated[float | None, typer.Option(help="Highest learning rate.")] = None,
    seed: int = 0,
    scratch: Annotated[
        bool | None,
        typer.Option(help="Random weights, or the trained ones. Chosen by the data's classes."),
    ] = None,
    head_only: Annotated[bool, typer.Option(help="Fine-tune the last layer only.")] = False,
    resume: Annotated[bool, typer.Option(help="Go on from OUT's last epoch.")] = False,
    smoke: Annotated[bool, typer.Option(help="Two steps, to see that all is in place.")] = False,
    watch: Annotated[bool, typer.Option(help="Write in OUT how far it is, and moments.")] = False,
    direction: Annotated[
        str | None, typer.Option(help="For translators: learn en-fr, or fr-en, only.")
    ] = None,
) -> None:
    """Train a model by its recipe, or fine-tune it on data of your own."""
    from pretrained.own_files import parts
    from training.resume import begun
    from training.run import Run
    from training.watching import refusals_kept

    if out.resolve() in {part.resolve() for part in parts(data)}:
        reason = "it is the folder of the data: name another one"
        raise typer.BadParameter(reason, param_hint="--out")
    run = Run(
        minutes=minutes,
        epochs=epochs,
        lr=lr,
        seed=seed,
        scratch=scratch,
        head_only=head_only,
        resume=resume,
        smoke=smoke,
        watch=watch,
        command=typed(),
    )
    entry = catalog.entries().get(key)
    with refusals_kept(out) if watch else nullcontext():
        if resume and not head_only:  # a head alone keeps no state
            begun(out)  # refuses before anything is read or learnt
        if entry is not None and entry.hub_id and entry.folder is None:
            if direction:
                raise typer.BadParameter(
                    "models of the Hub learn all of theirs: leave it out",
                    param_hint="--direction",
                )
            recipe_module(key, "hub.train").train(entry, data, out, run)
        else:
            recipe_module(key, "train").train(key, data, out, run, **turned(direction, key))
    shown = shlex.quote(str(out))
    print(f"{out}: `python app.py --model {shown}` shows it", file=sys.stderr)


@app.command()
def evaluate(
    key: Key,
    data: Data,
    checkpoint_: Annotated[
        Path | None,
        typer.Option("--checkpoint", help="A folder instead of the bundled one.", callback=at_home),
    ] = None,
    split: Annotated[str, typer.Option(help="Which split of a folder or data set.")] = "validation",
    direction: Annotated[
        str | None, typer.Option(help="For translators: en-fr, or fr-en to turn the pairs around.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object only.")] = False,
    keep: Annotated[
        bool, typer.Option(help="Write the figures into the checkpoint's metrics and card.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for result.json, or for why there is none.", callback=at_home),
    ] = None,
) -> None:
    """Score a model: metrics with n, split and 95% interval."""
    entry = catalog.from_folder(checkpoint_, key) if checkpoint_ else catalog.find(key)
    one_way = turned(direction, key)
    with told_in(out) if out else nullcontext():
        result = recipe_module(key, "evaluate").evaluate(entry, data, split=split, **one_way)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        checkpoint.write_json(out, "result.json", result)
    if keep:
        if entry.folder is None:
            reason = "only a folder can keep figures: leave --keep out or give --checkpoint"
            raise BadCheckpoint(path=key, reason=reason)
        keep_result(Path(entry.folder), result, recorded(sys.argv[1:], entry))
    if as_json:
        print(json.dumps(result, ensure_ascii=False))
        return
    print(f"{result['key']} on {result['split']}, n {result['n']}")
    for name, m in result["metrics"].items():
        print(f"  {name} {m['value']:.4f}  95% {m['low']:.4f} to {m['high']:.4f}")


def turned(direction: str | None, key: str) -> dict[str, str]:
    """``--direction`` for a recipe or an evaluation, which only translators have."""
    if direction and key.split("/")[0] != "translation":
        reason = "only translators have one: leave it out"
        raise typer.BadParameter(reason, param_hint="--direction")
    return {"direction": direction} if direction else {}


def told_in(out: Path) -> AbstractContextManager[None]:
    """Whatever ends an evaluation is told in a folder too; torch for those only who ask."""
    from training.watching import refusals_kept

    return refusals_kept(out)


def recorded(arguments: Sequence[str], entry: Entry) -> str:
    """The command that measures the same again: ``arguments`` as they were typed but for ``--keep``
    and for a ``--checkpoint`` that is the bundled one anyway."""
    bundled = entry.folder and Path(entry.folder) == catalog.folder_of(entry.key).resolve()
    kept, rest = [], iter(arguments)
    for argument in rest:
        if bundled and argument == "--checkpoint":
            next(rest, None)
        elif argument != "--keep" and not (bundled and argument.startswith("--checkpoint=")):
            kept.append(argument)
    return "python -m pretrained " + shlex.join(kept)


def keep_result(folder: Path, result: dict[str, Any], command: str) -> None:
    """Put one result into ``metrics.json``, in place of an older one on the same split."""
    metrics = checkpoint.read_json(folder, checkpoint.METRICS)
    card = cards().get(result["key"], Card())
    row = {
        "split": result["split"],
        "n": result["n"],
        "metrics": result["metrics"],
        "per_class": result["per_class"],
        **({"per_source": result["per_source"]} if "per_source" in result else {}),
        "command": command,
        "reference": card.reference,
        "target": card.aims(result.get("direction")),
    }
    others = [r for r in metrics["results"] if r["split"] != row["split"]]
    metrics["results"] = [*others, row]
    checkpoint.write_json(folder, checkpoint.METRICS, metrics)
    checkpoint.write_card(folder)


@app.command()
def starter(
    name: Annotated[str, typer.Argument(help="Such as shapes; another word lists them all.")],
    out: Annotated[Path, typer.Option(help="Folder for the data.", file_okay=False)],
    seed: int = 0,
) -> None:
    """Make data to begin with: drawn shapes, digits, a text, pairs of sentences."""
    from pretrained import starters

    data = starters.make(name, out, seed)
    line = shlex.join(["train", starters.STARTERS[name].keys[0], "--data", str(data)])
    print(f"{data}: `python -m pretrained {line}` learns from it")


@app.command()
def push(
    folder: Annotated[Path, typer.Argument(help="A checkpoint folder, or a zip of one.")],
    repository: Annotated[str, typer.Argument(help="OWNER/NAME on the Hub.")],
    private: bool = True,
) -> None:
    """Send a checkpoint folder or a zip that was taken home to the Hub, under the account of
    HF_TOKEN or of `hf auth login`."""
    from huggingface_hub import get_token

    from pretrained.sources.hub import upload

    token = get_token()
    if not token:
        print("There is no token: set HF_TOKEN, or run `hf auth login`.", file=sys.stderr)
        raise typer.Exit(2)
    with tempfile.TemporaryDirectory() as place:
        if zipfile.is_zipfile(folder):
            with zipfile.ZipFile(folder) as archive:
                archive.extractall(place)
            folder = next((file.parent for file in Path(place).rglob("config.json")), folder)
        catalog.from_folder(folder)  # refuses what is no checkpoint
        print(upload.send(folder, repository, token, private=private, update=True, only=SENT))


def main() -> None:
    """Run, and say a refusal in one line instead of a traceback; the traceback of what nobody
    expected is kept in a file."""
    try:
        app()
    except (Refusal, FloatingPointError, CannotResume, CannotKeep, BadOption) as refusal:
        print(refusal, file=sys.stderr)
        raise SystemExit(2) from None
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        raise SystemExit(128 + signal.SIGTERM) from None
    except Exception:
        name = uuid.uuid4().hex[:8]
        kept = Path(tempfile.gettempdir()) / f"breakthroughs-{name}.log"
        with suppress(OSError):
            kept.write_text(traceback.format_exc(), "utf-8")
        print(
            f"Something went wrong that was not expected (id {name}): try again, and if it stays, "
            f"report it with {kept}, where its details are.",
            file=sys.stderr,
        )
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
