"""The peer sharp, kept running: its start-up is in no measurement."""

import json
import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from failure import Failed

WORKER = Path(__file__).with_name("sharp_worker.cjs")


@dataclass
class Done:
    """What one request used: CPU of all its threads, and the bytes of each result."""

    cpu_ms: float
    wall_ms: float
    sizes: list[int]


class Sharp:
    name = "sharp"

    def __init__(self, peers: Path, work: Path):
        self.work = work
        self.worker = subprocess.Popen(
            ["node", WORKER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=node_environment(peers),
        )
        versions = self.answer()
        self.identity, self.versions = versions["sharp"], f"sharp {versions['sharp']} (libvips {versions['vips']})"

    def answer(self) -> dict:
        line = self.worker.stdout.readline()
        if not line:
            raise SystemExit("sharp does not run: see the lines above")
        return json.loads(line)

    def jobs(self, jobs: list[dict], parallel: int = 1) -> Done:
        request = json.dumps({"jobs": jobs, "parallel": parallel})
        self.worker.stdin.write(request + "\n")
        self.worker.stdin.flush()
        answer = self.answer()
        if "error" in answer:
            raise Failed(f"sharp: {answer['error']}: {request[:300]}")
        return Done(**answer)

    def convert(self, source: Path, target: Path, format_: str, options=None, resize=None) -> None:
        """Makes a file, whole or not at all."""
        part = target.with_name(target.name + ".part")
        self.jobs([job(source, part, format_, options, resize)])
        part.rename(target)

    def encode(self, items: list[tuple[Path, str, int]]) -> tuple[list[Path], list[Path]]:
        """Encodes (image, format, quality); the results, and the folders that hold them."""
        folder = Path(tempfile.mkdtemp(prefix="sharp-", dir=self.work))
        outputs = [folder / f"{index}.{format_}" for index, (_, format_, _) in enumerate(items)]
        jobs = [
            job(image, output, format_, {"quality": quality})
            for (image, format_, quality), output in zip(items, outputs)
        ]
        self.jobs(jobs, parallel=2)
        return outputs, [folder]

    def stop(self) -> None:
        self.worker.stdin.close()
        self.worker.wait()


def job(source: Path, target: Path, format_: str, options=None, resize=None) -> dict:
    return {
        "input": str(source),
        "output": str(target),
        "format": format_,
        "options": options or {},
        "resize": resize,
    }


def node_environment(peers: Path) -> dict[str, str]:
    return os.environ | {"NODE_PATH": str(peers / "node_modules")}
