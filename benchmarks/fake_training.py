"""A worker that needs no torch: it writes what training writes, a few lines a second, and answers
SIGTERM. Arguments: OUT EPOCHS SECONDS (of an epoch) BEHAVIOUR."""

import json
import os
import signal
import sys
import time
from pathlib import Path


def loss(epoch: int, memory: int) -> float:
    """The curve: it depends on all that came before."""
    return round(100 / epoch + memory % 97 / 97, 4)


def replaced(file: Path, text: str) -> None:
    part = file.with_suffix(".part")
    half = len(text) // 2
    with part.open("w") as opened:
        opened.write(text[:half])
        opened.flush()  # a kill may come between the halves
        opened.write(text[half:])
    os.replace(part, file)


def refused(out: Path, kind: str, code: str, sentence: str) -> int:
    """Write a refusal as training does; gives the exit status that tells of it."""
    told = {"kind": kind, "code": code, "fields": {}, "sentence": sentence}
    replaced(out / "refusal.json", json.dumps(told))
    return 2


def curve(epochs: int) -> list[dict[str, float]]:
    memory, rows = 1, []
    for epoch in range(1, epochs + 1):
        memory = memory * 31 % 10_007
        rows.append({"epoch": epoch, "step": epoch, "loss": loss(epoch, memory)})
    return rows


def main() -> int:
    folder, epochs, seconds, behaviour = sys.argv[1:]
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    asked = []
    signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
    parent = os.environ["BREAKTHROUGHS_PARENT"]
    state, rows = {"epoch": 0, "memory": 1}, []
    if (out / "state.pt").exists():
        state = json.loads((out / "state.pt").read_text())
        lines = (out / "history.jsonl").read_text().splitlines()
        rows = [json.loads(line) for line in lines[: state["epoch"]]]
        assert len(rows) == state["epoch"], "a state ahead of its history"
    if behaviour == "greedy":
        held = bytearray(80 * 2**20)
        held[::4096] = b"x" * len(held[::4096])
    while state["epoch"] < int(epochs):
        if behaviour == "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if behaviour == "hang":
            time.sleep(60)
        if behaviour == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if behaviour == "bug":
            raise KeyError("surprise")
        if behaviour == "nan" and state["epoch"] == 2:
            return refused(out, "FloatingPointError", "", "nan")
        if behaviour == "writes":
            (out / "huge").write_bytes(bytes(3 * 2**20))
        if (out.parent / "full").exists():  # the disk is: what was kept stays
            return refused(out, "CannotKeep", "cannot_keep", "full")
        if asked or str(os.getppid()) != parent:
            return 143
        time.sleep(float(seconds))
        memory = state["memory"] * 31 % 10_007
        epoch = state["epoch"] + 1
        rows.append({"epoch": epoch, "step": epoch, "loss": loss(epoch, memory)})
        with (out / "progress.jsonl").open("a") as file:
            place = {"step": epoch, "epoch": epoch, "progress": epoch / int(epochs)}
            told = {**place, "seconds": epoch * float(seconds), "loss": loss(epoch, memory)}
            file.write(json.dumps(told) + "\n")
        replaced(out / "history.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
        state = {"epoch": epoch, "memory": memory}
        replaced(out / "state.pt", json.dumps(state))
    while behaviour == "measure" and not (out.parent / "measured").exists():
        if asked or str(os.getppid()) != parent:
            return 143
        time.sleep(0.01)
    replaced(out / "config.json", json.dumps({"final": state["memory"]}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
