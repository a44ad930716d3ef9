"""The rows on time. Sides take turns, so that a busy moment of the machine meets both; each value is a median of
runs. Ours is charged for everything but one start of the command line; sharp's process is already warm."""

import shutil
from pathlib import Path

from corpus import spread
from ours import FAST
from oximg import Oximg, Unavailable
from rows_bytes import TARGET, kilobytes
from setting import Setting
from sharp import Done, job
from table import Line, Times, skipped, verdict

WIDTH = 1200
QUALITY = 80
# Enough short pieces of work in one start that what is known of the start itself no longer matters.
BATCH = 12


class Start:
    """What a start of the command line costs with a picture of nearly no pixels."""

    def __init__(self, setting: Setting, arguments: list[str]):
        runs = []
        for _ in range(setting.runs):
            run = setting.ours.run([setting.corpus.tiny], arguments)
            runs.append(run)
            run.forget()
        self.cpu_ms = Times([run.cpu_ms for run in runs]).median
        self.wall_ms = Times([run.wall_ms for run in runs]).median


def alternate(runs: int, first, second) -> tuple[list, list]:
    """Calls both in turn, and the other one first every second time."""
    mine, theirs = [], []
    for index in range(runs):
        order = [(first, mine), (second, theirs)]
        for measure, results in order if index % 2 == 0 else reversed(order):
            results.append(measure())
    return mine, theirs


def sharp_batch(setting: Setting, images: list[Path], format_: str, options: dict, resize=None) -> Done:
    folder = setting.work / "peer"
    folder.mkdir(exist_ok=True)
    jobs = [job(image, folder / f"{image.stem}.{format_}", format_, options, resize) for image in images]
    return setting.sharp.jobs(jobs)


def ours_batch(setting: Setting, images: list[Path], arguments: list[str]):
    run = setting.ours.run(images, arguments)
    run.sizes = [run.output(image).stat().st_size for image in images]
    run.forget()
    return run


class Duel:
    """The runs of both sides over the same images, and what one start of ours costs."""

    def __init__(self, setting: Setting, images: list[Path], arguments: list[str], peer: tuple):
        self.images = images
        sharp_batch(setting, images[:1], *peer)
        self.start = Start(setting, arguments)
        self.ours, self.theirs = alternate(
            setting.runs,
            lambda: ours_batch(setting, images, arguments),
            lambda: sharp_batch(setting, images, *peer),
        )
        self.bytes = f"bytes {kilobytes(sum(self.ours[0].sizes))} to {kilobytes(sum(self.theirs[0].sizes))}"

    def cpu(self) -> tuple[Times, Times]:
        """CPU an image."""
        mine = [max(run.cpu_ms - self.start.cpu_ms, 0.1) / len(self.images) for run in self.ours]
        return Times(mine), Times([done.cpu_ms / len(self.images) for done in self.theirs])

    def wall(self) -> tuple[Times, Times]:
        """Time an image, one image at once: what our codec says it took, or all but a start."""
        told = [run.codec_ms() for run in self.ours]
        if None in told:
            told = [max(run.wall_ms - self.start.wall_ms, 0.1) for run in self.ours]
        mine = [wall / len(self.images) for wall in told]
        return Times(mine), Times([done.wall_ms / len(self.images) for done in self.theirs])


def resize(setting: Setting, format_: str, goal: float) -> Line:
    """2.1 MP JPEG → 1200 wide at a fixed quality, no search."""
    arguments = ["--format", format_, "--quality", str(QUALITY), "--width", str(WIDTH), FAST]
    folder = setting.work / "batch"
    images = copies(setting, folder, BATCH)
    duel = Duel(setting, images, arguments, (format_, {"quality": QUALITY}, {"width": WIDTH}))
    shutil.rmtree(folder)
    mine, peer = duel.cpu()
    ratio = mine.median / peer.median
    notes = f"{duel.bytes}; a start costs {duel.start.cpu_ms:.0f} ms, not counted"
    work = f"2.1 MP JPEG → {WIDTH} wide, {format_} q{QUALITY}: CPU an image"
    row = f"resize-{format_}"
    return Line(row, work, f"≤ {goal}", str(mine), str(peer), f"{ratio:.2f}", verdict(ratio <= goal), notes)


def throughput(setting: Setting) -> Line:
    """Images a second with all cores: our command line as it comes, oximg's server with four callers."""
    row, work, goal = "throughput", "the same to JPEG, images/s on all cores; peer: oximg", "≥ 0.9"
    folder = setting.work / "throughput"
    images = copies(setting, folder, 24 if setting.quick else 48)
    arguments = ["--format", "jpeg", "--quality", str(QUALITY), "--width", str(WIDTH), FAST]
    try:
        server = Oximg(setting.peers, folder, QUALITY)
    except Unavailable as why:
        return skipped(row, work, goal, str(why))
    start = Start(setting, arguments)

    def ours() -> float:
        run = setting.ours.run(images, arguments, jobs=None)
        run.forget()
        return len(images) / (run.wall_ms - start.wall_ms) * 1000

    try:
        server.images_per_second(images[:8], WIDTH)
        mine, theirs = alternate(setting.runs, ours, lambda: server.images_per_second(images, WIDTH))
    finally:
        server.stop()
        shutil.rmtree(folder)
    mine, theirs = Times(mine).median, Times(theirs).median
    ratio = mine / theirs
    notes = f"{len(images)} images, {server.version}, whose results have {server.mean_size / 1000:.0f} kB"
    cells = (f"{mine:.1f}/s", f"{theirs:.1f}/s", f"{ratio:.2f}", verdict(ratio >= 0.9), notes)
    return Line(row, work, goal, *cells)


def copies(setting: Setting, folder: Path, count: int) -> list[Path]:
    """Files of different names: the command line takes a file once, and the server joins equal requests."""
    folder.mkdir(exist_ok=True)
    made = []
    for index in range(count):
        source = setting.corpus.medium[index % len(setting.corpus.medium)]
        made.append(folder / f"{index}.jpg")
        shutil.copyfile(source, made[-1])
    return made


def search(setting: Setting) -> Line:
    """The level `auto` with its search for the quality, against one plain encode."""
    arguments = ["--format", "webp", "--compression", "auto", FAST]
    duel = Duel(setting, setting.corpus.medium, arguments, ("webp", {"quality": QUALITY}))
    (mine, peer), (mine_cpu, peer_cpu) = duel.wall(), duel.cpu()
    ratio, ours = mine.median / peer.median, duel.ours[0]
    saved = sum(ours.sizes) / sum(duel.theirs[0].sizes)
    notes = f"{duel.bytes} ({saved:.3f}); CPU {mine_cpu.median:.0f} to {peer_cpu.median:.0f} ms; "
    notes += f"scores {scores(ours)}"
    work = "2.1 MP JPEG → WebP full size, level auto with search; sharp: plain q80: time an image"
    return Line("search", work, "≤ 6", str(mine), str(peer), f"{ratio:.2f}", verdict(ratio <= 6), notes)


def scores(run) -> str:
    told = [file.get("quality_score") for file in run.files.values()]
    return "not told" if None in told else f"{min(told):.1f}–{max(told):.1f}"


def avif_cpu(setting: Setting) -> Line:
    """AVIF at the quality at which each side reaches the score."""
    images = spread(setting.corpus.medium, 1 if setting.quick else 3)
    qualities = []
    for side in (setting.search_ours, setting.search_sharp):
        points = side.brackets(images[:1], "avif", TARGET, 4)
        qualities.append(points[images[0]].bracket(TARGET)[1] or 100)
    arguments = ["--format", "avif", "--quality", str(qualities[0])]
    duel = Duel(setting, images, arguments, ("avif", {"quality": qualities[1]}))
    mine, peer = duel.cpu()
    ratio = mine.median / peer.median
    notes = f"qualities {qualities[0]} and {qualities[1]}, {duel.bytes}"
    work = f"2.1 MP JPEG → AVIF full size at SS2 {TARGET:.0f}: CPU an image"
    return Line("cpu-avif", work, "≤ 0.125", str(mine), str(peer), f"{ratio:.3f}", verdict(ratio <= 1 / 8), notes)
