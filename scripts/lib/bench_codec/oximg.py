"""The peer oximg: an HTTP server of its own, on loopback, for the time of one row."""

import http.client
import os
import socket
import subprocess
import threading
import time
from pathlib import Path

from failure import Failed

CALLERS = 4


class Unavailable(Exception):
    """Why the row is skipped."""


class Oximg:
    def __init__(self, peers: Path, images: Path, quality: int):
        binary = peers / "bin" / "oximg"
        if not binary.is_file():
            log = peers / "oximg.log"
            raise Unavailable(f"oximg could not be installed ({log} says why)" if log.exists() else "no oximg")
        self.version = (peers / "oximg.version").read_text().strip()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        settings = {
            "IMAGES_DIR": str(images),
            "OXIMG_BIND": "127.0.0.1",
            "PORT": str(self.port),
            "QUALITY": str(quality),
        }
        self.server = subprocess.Popen(
            [binary], env=os.environ | settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.mean_size = 0.0
        self.wait()

    def wait(self) -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self.server.poll() is not None:
                raise Unavailable(f"oximg ended with code {self.server.returncode} at its start")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise Unavailable("oximg did not listen within 10 s")

    def images_per_second(self, images: list[Path], width: int) -> float:
        left, sizes, problems, lock = list(images), [], [], threading.Lock()

        def work() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            while True:
                with lock:
                    if not left:
                        return
                    image = left.pop()
                connection.request("GET", f"/resize/{width}/0/{image.name}")
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200:
                    problems.append(f"{answer.status}: {body[:200]!r}")
                    return
                sizes.append(len(body))

        threads = [threading.Thread(target=work) for _ in range(CALLERS)]
        start = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wall = time.perf_counter() - start
        if len(sizes) != len(images):
            why = problems[0] if problems else "see the lines above"
            raise Failed(f"oximg answered {len(sizes)} of {len(images)} requests: {why}")
        self.mean_size = sum(sizes) / len(sizes)
        return len(images) / wall

    def stop(self) -> None:
        self.server.terminate()
        try:
            self.server.wait(5)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()
