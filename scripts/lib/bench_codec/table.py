"""What the bench prints: one line a piece of work."""

import statistics
from dataclasses import dataclass
from typing import NamedTuple

HEAD = ("row", "work", "goal", "ours", "peer", "ratio", "met", "notes")


class Line(NamedTuple):
    row: str
    work: str
    goal: str
    ours: str
    peer: str
    ratio: str
    met: str
    notes: str


@dataclass
class Times:
    """Runs of one side, milliseconds an image each."""

    runs: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.runs)

    def __str__(self) -> str:
        """The median, and how far the runs are apart: on a busy machine that says how much the ratio is worth."""
        digits = 0 if self.median >= 100 else 1
        low, high = min(self.runs), max(self.runs)
        return f"{self.median:.{digits}f} ms ({low:.{digits}f}–{high:.{digits}f})"


def verdict(met: bool | None) -> str:
    return "–" if met is None else "yes" if met else "NO"


def skipped(row: str, work: str, goal: str, why: str) -> Line:
    return Line(row, work, goal, "–", "–", "–", "–", f"skipped: {why}")


def markdown(lines: list[Line]) -> str:
    cells = [HEAD, *lines]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEAD) - 1)]
    text = []
    for line in cells:
        padded = [cell.ljust(width) for cell, width in zip(line, widths)]
        text.append("| " + " | ".join([*padded, line[-1]]) + " |")
    text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|---|")
    return "\n".join(text) + "\n"
