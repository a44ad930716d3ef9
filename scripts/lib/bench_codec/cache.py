"""What was measured before, by content: encodings and scores are deterministic, so that a second run has only the
times to measure."""

import hashlib
import json
from pathlib import Path


class Cache:
    """Key to JSON value; one line an entry, appended at once, so that an interrupted run loses nothing."""

    def __init__(self, path: Path):
        self.path, self.known = path, {}
        if path.exists():
            for line in path.read_text().splitlines():
                key, separator, value = line.partition("\t")
                # The last line may have been cut off by an interruption.
                if separator and value.endswith("]"):
                    self.known[key] = json.loads(value)[0]

    def get(self, key: str):
        return self.known.get(key)

    def put(self, key: str, value) -> None:
        self.known[key] = value
        with self.path.open("a") as file:
            file.write(f"{key}\t{json.dumps([value])}\n")


hashes: dict[tuple[str, int, int], str] = {}


def content(path: Path) -> str:
    """SHA-256 of a file, computed again only if the file has changed."""
    status = path.stat()
    key = (str(path), status.st_size, status.st_mtime_ns)
    if key not in hashes:
        hashes[key] = hashlib.sha256(path.read_bytes()).hexdigest()[:32]
    return hashes[key]
