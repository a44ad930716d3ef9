"""Our side: the release command line, as a user starts it."""

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cache import content
from failure import Failed

# The effort that a waiting caller of the service gets; without it the command line takes its time.
FAST = "--fast"
NEEDED = ("--quality", "--target-score", FAST)


@dataclass
class Run:
    """What one start of the command line did and used."""

    files: dict[str, dict]
    cpu_ms: float
    wall_ms: float
    peak_mb: float
    folder: Path

    def output(self, image: Path) -> Path:
        return Path(self.files[str(image)]["output"])

    def codec_ms(self) -> float | None:
        """Decoding, searching and encoding of all files, where the command line tells it."""
        times = [file.get("codec_ms") for file in self.files.values()]
        return sum(times) if None not in times else None

    def forget(self) -> None:
        shutil.rmtree(self.folder)


class Ours:
    name = "ours"

    def __init__(self, binary: Path, work: Path):
        if not binary.is_file():
            raise SystemExit(f"{binary} is missing: run without --no-build")
        self.work, self.binary = work, work / "optimagio"
        # A build during the run must not change what is measured.
        shutil.copy2(binary, self.binary)
        usage = subprocess.run([self.binary, "optimize", "--help"], capture_output=True, text=True).stdout
        missing = [flag for flag in NEEDED if flag not in usage]
        if missing:
            raise SystemExit(f"{binary} has no {', '.join(missing)}: build this version of the project")
        self.identity = content(self.binary)

    def run(self, images: list[Path], arguments: list[str], jobs: int | None = 1) -> Run:
        """Optimizes the images in one start. The results stay until `forget`."""
        folder = Path(tempfile.mkdtemp(prefix="out-", dir=self.work))
        report, results = folder / "usage.json", folder / "results"
        command = [self.binary, "optimize", *images, *arguments, "--out", results, "--json", "--overwrite"]
        if jobs is not None:
            command += ["--jobs", str(jobs)]
        usage = [sys.executable, str(Path(__file__).with_name("usage.py")), report]
        done = subprocess.run([*usage, *map(str, command)], capture_output=True, text=True)
        try:
            files = {file["path"]: file for file in json.loads(done.stdout)["files"]}
        except ValueError:
            shutil.rmtree(folder)
            raise Failed(f"{' '.join(map(str, command))}: {done.stderr.strip()}") from None
        for file in files.values():
            if file["error"]:
                shutil.rmtree(folder)
                name = Path(file["path"]).name
                raise Failed(f"ours, {name} {' '.join(arguments)}: {file['error']['message']}")
        return Run(files=files, folder=folder, **json.loads(report.read_text()))

    def encode(self, items: list[tuple[Path, str, int]]) -> tuple[list[Path], list[Path]]:
        """Encodes (image, format, quality); the results, and the folders that hold them."""
        groups: dict[tuple[str, int], list[Path]] = {}
        for image, format_, quality in items:
            groups.setdefault((format_, quality), []).append(image)
        runs = {}
        for (format_, quality), images in groups.items():
            arguments = ["--format", format_, "--quality", str(quality)]
            runs[format_, quality] = self.run(images, arguments, jobs=None)
        outputs = [runs[format_, quality].output(image) for image, format_, quality in items]
        return outputs, [run.folder for run in runs.values()]
