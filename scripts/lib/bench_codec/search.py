"""Finds the quality at which a side reaches a score: both sides are compared at equal SSIMULACRA2, not at equal
numbers of a scale that each encoder defines for itself."""

import math
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from cache import Cache, content
from judge import Judge

# Where the search starts, near score 80; it costs a probe or two where it is wrong.
GUESS = {"jpeg": 82, "webp": 84, "avif": 64}
# SSIMULACRA2 points a step of quality, cautiously.
SLOPE = 0.8


@dataclass
class Points:
    """What is known of one image and side: quality → (bytes, score)."""

    known: dict[int, tuple[int, float]] = field(default_factory=dict)

    def bracket(self, target: float) -> tuple[int | None, int | None]:
        """The greatest quality below the target and the least that reaches it."""
        above = min((q for q, (_, score) in self.known.items() if score >= target), default=None)
        below = max(
            (q for q, (_, score) in self.known.items() if score < target and (above is None or q < above)),
            default=None,
        )
        return below, above

    def next(self, target: float, guess: int, width: int) -> int | None:
        """The quality to try, none when the bracket is narrow enough or the end of the scale is reached."""
        below, above = self.bracket(target)
        if below is None and above is None:
            return guess
        if below is None or above is None:
            known = above if below is None else below
            missing = (target - self.known[known][1]) / SLOPE
            step = math.ceil(abs(missing)) + 1
            tried = max(1, min(100, known + step if below is not None else known - step))
            return tried if tried != known else None
        if above - below <= width:
            return None
        (_, low), (_, high) = self.known[below], self.known[above]
        tried = below + round((target - low) / (high - low) * (above - below))
        return max(below + 1, min(above - 1, tried))

    def bytes_at(self, target: float) -> float | None:
        """Bytes at exactly this score: log(bytes) is near to linear in the score between neighbours."""
        below, above = self.bracket(target)
        if above is None:
            return None
        if below is None:
            return self.known[above][0]
        (small, low), (large, high) = self.known[below], self.known[above]
        share = (target - low) / (high - low)
        return math.exp(math.log(small) + share * (math.log(large) - math.log(small)))


class Search:
    """Encodes and judges for one side (`Ours` or `Sharp`), with a memory."""

    def __init__(self, side, judge: Judge, cache: Cache):
        self.side, self.judge, self.cache = side, judge, cache

    def measure(self, items: list[tuple[Path, str, int]]) -> list[tuple[int, float]]:
        """(bytes, score) for each (image, format, quality)."""
        who = f"encode:{self.side.name}:{self.side.identity}:{self.judge.identity}"
        keys = [f"{who}:{content(image)}:{format_}:{quality}" for image, format_, quality in items]
        wanted = {key: item for key, item in zip(keys, items) if self.cache.get(key) is None}
        if wanted:
            outputs, folders = self.side.encode(list(wanted.values()))
            pairs = [(image, output) for (image, _, _), output in zip(wanted.values(), outputs)]
            for key, output, score in zip(wanted, outputs, self.judge.scores(pairs)):
                self.cache.put(key, [output.stat().st_size, score])
            for folder in folders:
                shutil.rmtree(folder)
        return [tuple(self.cache.get(key)) for key in keys]

    def brackets(self, images: list[Path], format_: str, target: float, width: int) -> dict[Path, Points]:
        """For each image qualities at most `width` apart, below and above the target."""
        points = {image: Points() for image in images}
        while True:
            tried = {
                image: quality
                for image in images
                if (quality := points[image].next(target, GUESS[format_], width)) is not None
            }
            if not tried:
                return points
            items = [(image, format_, quality) for image, quality in tried.items()]
            for (image, _, quality), measured in zip(items, self.measure(items)):
                points[image].known[quality] = measured

    def fixed(self, points: dict[Path, Points], format_: str, target: float, share: float) -> int:
        """The least quality at which this share of the images reaches the target. Only images whose bracket does
        not tell are encoded."""
        low, high = 1, 100
        needed = math.ceil(share * len(points))
        while low < high:
            quality = (low + high) // 2
            unknown = []
            for image, known in points.items():
                below, above = known.bracket(target)
                if (below is None or below < quality) and (above is None or quality < above):
                    unknown.append((image, format_, quality))
            for (image, _, _), measured in zip(unknown, self.measure(unknown)):
                points[image].known[quality] = measured
            reached = sum((known.bracket(target)[1] or 101) <= quality for known in points.values())
            low, high = (low, quality) if reached >= needed else (quality + 1, high)
        return low
