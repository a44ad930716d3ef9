"""The rows on bytes: equal scores, a floor for all photos, graphics, and what `auto` promises."""

import math
import statistics
from pathlib import Path

from setting import Setting
from table import Line, skipped, verdict

TARGET = 80.0
SHARE = 0.95
# The codec verifies with an implementation of the metric that is up to 0.033 away from the reference's.
TOLERANCE = 0.05
# The same with what the goal on `auto` allows; its floor is that of the level `auto`.
AUTO_FLOOR, AUTO_TOLERANCE = 78.0, 0.3
GRAPHICS_FLOOR = 90.0

EQUAL_GOALS = {"jpeg": 0.87, "webp": 0.955, "avif": 1.08}
FLOOR_GOALS = {"jpeg": 0.74, "webp": 0.80, "avif": 0.90}
NAMES = {"jpeg": "JPEG", "webp": "WebP", "avif": "AVIF"}


def kilobytes(size: float) -> str:
    return f"{size / 1000:.1f} kB" if size < 1e6 else f"{size / 1e6:.2f} MB"


def geometric_mean(values: list[float]) -> float:
    return math.exp(statistics.fmean(math.log(value) for value in values))


def equal(setting: Setting, format_: str) -> Line:
    """Bytes at exactly the same score, image by image."""
    goal = EQUAL_GOALS[format_]
    row, work = f"equal-{format_}", f"{NAMES[format_]} bytes at equal SS2 {TARGET:.0f}"
    width = 6 if setting.quick else 3
    sides = [
        side.brackets(setting.corpus.photos, format_, TARGET, width)
        for side in (setting.search_ours, setting.search_sharp)
    ]
    pairs = []
    for image in setting.corpus.photos:
        ours, theirs = (side[image].bytes_at(TARGET) for side in sides)
        if ours and theirs:
            pairs.append((ours, theirs))
    if not pairs:
        return skipped(row, work, f"≤ {goal}", f"no photo reaches {TARGET:.0f}")
    ratios = [ours / theirs for ours, theirs in pairs]
    ratio = geometric_mean(ratios)
    left_out = len(setting.corpus.photos) - len(pairs)
    notes = f"{len(pairs)} photos, image by image {min(ratios):.3f}–{max(ratios):.3f}"
    notes += f"; {left_out} that one side never brings to {TARGET:.0f} left out" if left_out else ""
    totals = [kilobytes(sum(side)) for side in zip(*pairs)]
    return Line(row, work, f"≤ {goal}", *totals, f"{ratio:.3f}", verdict(ratio <= goal), notes)


def floor(setting: Setting, format_: str) -> Line:
    """All photos at a floor: ours searches a quality for each, the peer has one quality for all."""
    goal, photos = FLOOR_GOALS[format_], setting.corpus.photos
    row, work = f"floor-{format_}", f"{NAMES[format_]} bytes for ≥ {TARGET:.0f} on {SHARE:.0%} of photos"
    arguments = ["--format", format_, "--target-score", f"{TARGET:.0f}"]
    sizes, scores, _ = floored(setting, photos, arguments)
    search = setting.search_sharp
    points = search.brackets(photos, format_, TARGET - TOLERANCE, 6 if setting.quick else 3)
    quality = search.fixed(points, format_, TARGET - TOLERANCE, SHARE)
    theirs = search.measure([(photo, format_, quality) for photo in photos])
    reached = [share(scores, TARGET - TOLERANCE), share([score for _, score in theirs], TARGET - TOLERANCE)]
    total, peer = sum(sizes), sum(size for size, _ in theirs)
    ratio = total / peer
    notes = f"{reached[0]:.0%} reach it (lowest {min(scores):.2f}, median {statistics.median(scores):.2f}); "
    notes += f"sharp {reached[1]:.0%} at quality {quality}"
    met = ratio <= goal and reached[0] >= SHARE
    cells = (f"≤ {goal}", kilobytes(total), kilobytes(peer), f"{ratio:.3f}", verdict(met), notes)
    return Line(row, work, *cells)


def share(scores: list[float], target: float) -> float:
    return sum(score >= target for score in scores) / len(scores)


def floored(
    setting: Setting, images: list[Path], arguments: list[str]
) -> tuple[list[int], list[float], list[str]]:
    """What our search makes of the images: bytes, scores by the judge, formats."""
    run = setting.ours.run(images, arguments, jobs=None)
    outputs = [run.output(image) for image in images]
    scores = setting.judge.scores(list(zip(images, outputs)))
    sizes = [output.stat().st_size for output in outputs]
    formats = [run.files[str(image)]["format"] for image in images]
    for image, score in zip(images, scores):
        # Two implementations of one metric: more than rounding between them is an error of one of them.
        claimed = run.files[str(image)].get("quality_score")
        if claimed is not None and abs(claimed - score) > 0.3:
            what = f"{image.parent.name}/{image.name} {' '.join(arguments)}"
            setting.surprises.append(f"{what}: said {claimed:.2f}, judged {score:.2f}")
    run.forget()
    return sizes, scores, formats


def graphics(setting: Setting) -> Line:
    images = setting.corpus.graphics
    arguments = ["--format", "auto", "--target-score", f"{GRAPHICS_FLOOR:.0f}"]
    sizes, scores, formats = floored(setting, images, arguments)
    theirs = 0
    for image in images:
        target = setting.work / "peer.png"
        setting.sharp.convert(image, target, "png")
        theirs += target.stat().st_size
        target.unlink()
    ratio, reached = sum(sizes) / theirs, share(scores, GRAPHICS_FLOOR - TOLERANCE)
    chosen = ", ".join(f"{formats.count(name)} {name}" for name in sorted(set(formats)))
    notes = f"{len(images)} drawn graphics, {reached:.0%} at SS2 ≥ {GRAPHICS_FLOOR:.0f} "
    notes += f"(lowest {min(scores):.2f}); {chosen}"
    cells = (kilobytes(sum(sizes)), kilobytes(theirs), f"{ratio:.3f}", verdict(ratio <= 0.55 and reached == 1))
    return Line("graphics", "graphics PNG → auto at SS2 ≥ 90; sharp: lossless PNG", "≤ 0.55", *cells, notes)


def auto_floor(setting: Setting) -> Line:
    """Not a comparison: what the level `auto` promises, by a judge that is not its own."""
    images = setting.corpus.photos
    sizes, scores, formats = floored(setting, images, ["--format", "auto", "--compression", "auto"])
    good = sum(score >= AUTO_FLOOR - AUTO_TOLERANCE for score in scores)
    chosen = ", ".join(f"{formats.count(name)} {name}" for name in sorted(set(formats)))
    notes = f"within {AUTO_TOLERANCE}; lowest {min(scores):.2f}, median {statistics.median(scores):.2f}; {chosen}, "
    notes += kilobytes(sum(sizes))
    work, reached = f"photos through `auto` at its floor of {AUTO_FLOOR:.0f}", f"{good} of {len(images)}"
    goal = f"{len(images)} of {len(images)}"
    return Line("auto-floor", work, goal, reached, "–", "–", verdict(reached == goal), notes)
