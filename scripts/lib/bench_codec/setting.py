"""What every row works with."""

from dataclasses import dataclass, field
from pathlib import Path

from corpus import Corpus
from judge import Judge
from ours import Ours
from search import Search
from sharp import Sharp


@dataclass
class Setting:
    quick: bool
    runs: int
    """Runs of each side in a row on time."""
    work: Path
    peers: Path
    corpus: Corpus
    ours: Ours
    sharp: Sharp
    judge: Judge
    search_ours: Search
    search_sharp: Search
    surprises: list[str] = field(default_factory=list)
    """What is wrong without being a number of a row."""
