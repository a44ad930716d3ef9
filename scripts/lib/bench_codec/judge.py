"""SSIMULACRA2 by the independent reference crate (crates/imaging/examples/judge.rs)."""

import subprocess
from pathlib import Path

from cache import Cache, content
from failure import Failed


class Judge:
    def __init__(self, binary: Path, source: Path, cache: Cache):
        self.binary, self.cache = binary, cache
        # Its source, because each build of the same source is another binary.
        self.identity = content(source)

    def key(self, reference: Path, distorted: Path) -> str:
        return f"score:{self.identity}:{content(reference)}:{content(distorted)}"

    def scores(self, pairs: list[tuple[Path, Path]]) -> list[float]:
        """One score for each (reference, distorted)."""
        keys = [self.key(reference, distorted) for reference, distorted in pairs]
        wanted = {key: pair for key, pair in zip(keys, pairs) if self.cache.get(key) is None}
        if wanted:
            text = "".join(f"{reference}\t{distorted}\n" for reference, distorted in wanted.values())
            done = subprocess.run([self.binary], input=text, capture_output=True, text=True)
            names = list(wanted)
            for line in done.stdout.splitlines():
                index, score, *why = line.split("\t")
                if why:
                    raise Failed(f"the judge refused {why[0]}")
                self.cache.put(names[int(index)], float(score))
            if done.returncode != 0:
                raise Failed(f"the judge failed: {done.stderr.strip()}")
        return [self.cache.get(key) for key in keys]
