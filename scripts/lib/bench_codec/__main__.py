"""Measures the codec of the release command line against its peers and prints ratios."""

import argparse
import datetime
import os
import platform
import time
from pathlib import Path

import corpus
import rows_bytes
import rows_memory
import rows_time
from cache import Cache
from failure import Failed
from judge import Judge
from ours import Ours
from search import Search
from setting import Setting
from sharp import Sharp
from table import Line, markdown

JUDGE_SOURCE = Path(__file__).resolve().parents[3] / "crates" / "imaging" / "examples" / "judge.rs"

ROWS = {
    "equal-jpeg": lambda setting: rows_bytes.equal(setting, "jpeg"),
    "equal-webp": lambda setting: rows_bytes.equal(setting, "webp"),
    "equal-avif": lambda setting: rows_bytes.equal(setting, "avif"),
    "cpu-avif": rows_time.avif_cpu,
    "floor-jpeg": lambda setting: rows_bytes.floor(setting, "jpeg"),
    "floor-webp": lambda setting: rows_bytes.floor(setting, "webp"),
    "floor-avif": lambda setting: rows_bytes.floor(setting, "avif"),
    "graphics": rows_bytes.graphics,
    "auto-floor": rows_bytes.auto_floor,
    "resize-jpeg": lambda setting: rows_time.resize(setting, "jpeg", 1.0),
    "throughput": rows_time.throughput,
    "resize-webp": lambda setting: rows_time.resize(setting, "webp", 0.8),
    "search": rows_time.search,
    "memory-2mp": lambda setting: rows_memory.memory(setting, "memory-2mp", setting.corpus.medium[0], "2.1 MP", 60),
    "memory-24mp": lambda setting: rows_memory.memory(setting, "memory-24mp", setting.corpus.large, "24 MP", 350),
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/bench codec", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer images, coarser: under five minutes")
    parser.add_argument("--only", metavar="ROW", nargs="+", choices=ROWS, help=f"some of: {', '.join(ROWS)}")
    parser.add_argument("--runs", type=int, default=5, help="runs of each side in a row on time (default 5)")
    for hidden in ("--run", "--photos", "--release"):
        parser.add_argument(hidden, type=Path, required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def busy_cores() -> float:
    """Cores that others use now: the first line of /proc/stat, twice."""

    def ticks() -> int:
        user, nice, system, _, _, irq, softirq, steal, *_ = Path("/proc/stat").read_text().split()[1:]
        return sum(map(int, (user, nice, system, irq, softirq, steal)))

    before = ticks()
    time.sleep(2)
    return (ticks() - before) / os.sysconf("SC_CLK_TCK") / 2


def header(asked: argparse.Namespace, sharp: Sharp, pictures: corpus.Corpus) -> str:
    busy = busy_cores()
    text = f"{datetime.date.today()}, {os.cpu_count()} cores, {platform.machine()}, {sharp.versions}; "
    text += f"{len(pictures.photos)} {pictures.kind}; times are medians of {asked.runs} alternating runs, "
    text += "with the least and the greatest in brackets"
    text += "; quick" if asked.quick else ""
    # Other work on the cores makes both sides slower, and not always both alike.
    return text + (f"; others kept {busy:.1f} cores busy: the times are uncertain" if busy > 0.2 else "")


def main() -> None:
    asked = arguments()
    work, peers = asked.run / "bench-codec", asked.run / "peers"
    work.mkdir(parents=True, exist_ok=True)
    sharp = Sharp(peers, work)
    ours = Ours(asked.release / "optimagio", work)
    pictures = corpus.load(asked.photos, asked.release / "sample-image", sharp, work / "corpus", asked.quick)
    cache = Cache(work / "cache.tsv")
    judge = Judge(asked.release / "examples" / "judge", JUDGE_SOURCE, cache)
    searches = [Search(side, judge, cache) for side in (ours, sharp)]
    setting = Setting(asked.quick, asked.runs, work, peers, pictures, ours, sharp, judge, *searches)
    head = header(asked, sharp, pictures)
    print(head, flush=True)
    lines = []
    for name in asked.only or ROWS:
        try:
            made = ROWS[name](setting)
        except Failed as why:
            made = Line(name, "", "", "failed", "–", "–", "NO", str(why))
        for line in [made] if isinstance(made, Line) else made:
            lines.append(line)
            # Minutes lie between two rows: each is shown when it is known.
            print(f"  {line.work or line.row}: {line.ours} to {line.peer}, ratio {line.ratio}, met: {line.met}", flush=True)
    sharp.stop()
    surprises = "".join(f"- {surprise}\n" for surprise in setting.surprises)
    text = f"{head}\n\n{markdown(lines)}" + (f"\nSurprises:\n{surprises}" if surprises else "")
    (work / "table.md").write_text(text)
    print(f"\n{text}")


main()
