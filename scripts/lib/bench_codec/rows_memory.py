"""The rows on memory: the greatest resident set of any process of the command line, which is the codec child's as
long as it is more than the 20 MB or so of its parent; beside it sharp in a Node.js process of its own."""

import json
import math
import subprocess
import sys
from pathlib import Path

from failure import Failed
from ours import Ours
from setting import Setting
from sharp import WORKER, job, node_environment
from table import Line, verdict

USAGE = Path(__file__).with_name("usage.py")


def memory(setting: Setting, row: str, image: Path, megapixels: str, goal: int) -> list[Line]:
    formats = ["jpeg", "webp", "avif"]
    # Minutes of AV1 on 24 MP are for the long run.
    if setting.quick and megapixels == "24 MP":
        formats.remove("avif")
    names = " / ".join(formats)
    lines = []
    for kind, arguments in (("q80", ["--quality", "80"]), ("level auto with search", ["--compression", "auto"])):
        notes = ["codec child"]
        ours = [peak_of_ours(setting.ours, image, ["--format", name, *arguments], notes) for name in formats]
        theirs = [peak_of_sharp(setting, image, name) for name in formats] if kind == "q80" else []
        if theirs:
            notes.insert(1, "sharp: its whole Node.js process")
        cells = [" / ".join(map(rounded, side)) + " MB" if side else "–" for side in (ours, theirs)]
        ratio = " / ".join(f"{mine / peer:.2f}" for mine, peer in zip(ours, theirs)) or "–"
        work = f"peak memory, {megapixels} JPEG → {names}, {kind}"
        lines.append(Line(row, work, f"≤ {goal} MB", *cells, ratio, verdict(max(ours) <= goal), "; ".join(notes)))
    return lines


def rounded(peak: float) -> str:
    return f"{peak:.0f}" if math.isfinite(peak) else "failed"


def peak_of_ours(ours: Ours, image: Path, arguments: list[str], notes: list[str]) -> float:
    try:
        run = ours.run([image], arguments)
    except Failed as why:
        notes.append(str(why))
        return math.inf
    run.forget()
    return run.peak_mb


def peak_of_sharp(setting: Setting, image: Path, format_: str) -> float:
    report, target = setting.work / "usage.json", setting.work / "peer.out"
    request = json.dumps({"jobs": [job(image, target, format_, {"quality": 80})]}) + "\n"
    command = [sys.executable, str(USAGE), str(report), "node", str(WORKER)]
    environment = node_environment(setting.peers)
    done = subprocess.run(command, input=request, env=environment, capture_output=True, text=True)
    if done.returncode != 0 or "error" in done.stdout:
        raise Failed(f"sharp {format_}: {done.stdout}{done.stderr}")
    target.unlink()
    return json.loads(report.read_text())["peak_mb"]
