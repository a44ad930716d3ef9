"""The measurements of scripts/bench. Every request carries a source of its own (a comment segment makes the bytes
unique), so that nothing but the series on cached answers is served from an earlier result."""

import argparse
import http.client
import json
import os
import platform
import re
import statistics
import threading
import time
import uuid
from pathlib import Path
from urllib.parse import urlsplit

BOUNDARY = "optimagio-bench"


def unique(jpeg: bytes) -> bytes:
    """The same picture with other bytes: a comment segment after the SOI marker."""
    comment = uuid.uuid4().bytes
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]


def form(image: bytes) -> bytes:
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="format"\r\n\r\nwebp\r\n'
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="image"; filename="bench.jpg"\r\n\r\n'
    )
    return head.encode() + image + f"\r\n--{BOUNDARY}--\r\n".encode()


class Caller:
    """One kept-alive connection."""

    def __init__(self, base: str, key: str):
        parts = urlsplit(base)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        self.headers = {"X-API-Key": key, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}

    def optimize(self, body: bytes, cached: bool) -> tuple[float, dict[str, float]]:
        """Wall time in ms and the parts of Server-Timing in ms."""
        start = time.perf_counter()
        self.connection.request("POST", "/api/optimize", body, self.headers)
        response = self.connection.getresponse()
        answer = json.loads(response.read())
        wall = (time.perf_counter() - start) * 1000
        if response.status != 200 or answer["cached"] is not cached:
            raise SystemExit(f"unexpected answer {response.status}: {answer}")
        timing = dict(re.findall(r"(\w+);dur=([\d.]+)", response.getheader("Server-Timing")))
        return wall, {name: float(value) for name, value in timing.items()}


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def row(name: str, values: list[float]) -> None:
    print(f"  {name:<28} p50 {statistics.median(values):8.1f} ms   p95 {percentile(values, 0.95):8.1f} ms")


def latency(base: str, key: str, image: bytes, requests: int) -> None:
    caller = Caller(base, key)
    for _ in range(5):
        caller.optimize(form(unique(image)), cached=False)
    runs = [caller.optimize(form(unique(image)), cached=False) for _ in range(requests)]
    print(f"one caller, {requests} sources, JPEG to WebP:")
    row("whole request", [wall for wall, _ in runs])
    row("codec", [parts["codec"] for _, parts in runs])
    row("everything else", [wall - parts["codec"] for wall, parts in runs])
    for part in ("fetch", "queue", "store"):
        row(f"  of which {part}", [parts[part] for _, parts in runs])


def throughput(base: str, key: str, image: bytes, requests: int) -> None:
    bodies = [form(unique(image)) for _ in range(requests)]
    lock = threading.Lock()

    def work() -> None:
        caller = Caller(base, key)
        while True:
            with lock:
                if not bodies:
                    return
                body = bodies.pop()
            caller.optimize(body, cached=False)

    threads = [threading.Thread(target=work) for _ in range(4)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"four callers:                   {requests / (time.perf_counter() - start):8.1f} images/s")


def cached(base: str, key: str, image: bytes) -> None:
    """A 40 kB source: the cost of the answer, not of hashing a large upload."""
    body = form(image)
    Caller(base, key).optimize(body, cached=False)
    done = []

    def work() -> None:
        caller, count, end = Caller(base, key), 0, time.perf_counter() + 5
        while time.perf_counter() < end:
            caller.optimize(body, cached=True)
            count += 1
        done.append(count)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"cached answers, four callers:   {sum(done) / 5:8.1f} /s ({len(image) // 1000} kB sources)")


def peak(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1000


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found if found or listed.exists() else []


def memory(run: Path) -> None:
    print("peak memory:")
    for name in ("gateway", "worker", "batch-status"):
        pid = int((run / "up" / "pids" / name).read_text().split()[0])
        print(f"  {name:<28} {peak(pid):8.1f} MB")
        for child in children(pid):
            print(f"  {'  codec child':<28} {peak(child):8.1f} MB")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("--requests", type=int, default=60)
    arguments = parser.parse_args()
    settings = dict(line.split("=", 1) for line in (arguments.run / "env").read_text().split())
    base, key = settings["BASE_URL"], settings["API_KEY"]
    image = (arguments.run / "sample.jpg").read_bytes()
    small = (arguments.run / "small.jpg").read_bytes()
    print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, {platform.machine()}, source {len(image) // 1000} kB")
    latency(base, key, image, arguments.requests)
    throughput(base, key, image, arguments.requests)
    cached(base, key, unique(small))
    memory(arguments.run)


if __name__ == "__main__":
    main()
