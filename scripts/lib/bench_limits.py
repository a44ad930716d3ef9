"""Fairness of the limits, measured on a running system.

One API key sends 20 times what it may. Meanwhile another key of the same account, and a key of another account, go on
at half of their own rate. What they got through is compared with what they get through alone. Every request is
answered from an earlier result: it is the limits that are measured, not the codec.
"""

import argparse
import http.client
import json
import os
import statistics
import subprocess
import threading
import time
import uuid
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from bench import form, percentile

# Of the plan "pro": results of one key in a minute.
RATE = 500


class Key:
    """A key and the connections that use it."""

    def __init__(self, base: str, key: str, body: bytes):
        parts = urlsplit(base)
        self.host, self.port = parts.hostname, parts.port
        self.body = body
        self.headers = {"X-API-Key": key, "Content-Type": "multipart/form-data; boundary=optimagio-bench"}

    def send(self, connection: http.client.HTTPConnection) -> tuple[int, float]:
        start = time.perf_counter()
        try:
            connection.request("POST", "/api/optimize", self.body, self.headers)
            response = connection.getresponse()
            response.read()
            return response.status, (time.perf_counter() - start) * 1000
        except (OSError, http.client.HTTPException):
            connection.close()
            return 0, (time.perf_counter() - start) * 1000

    def run(self, per_second: float, seconds: float, threads: int) -> tuple[Counter, list[float]]:
        """Open loop: request n is due at n / per_second, whatever became of the ones before it."""
        total = int(per_second * seconds)
        numbers, lock = iter(range(total)), threading.Lock()
        statuses, times = Counter(), []
        begin = time.perf_counter()

        def work() -> None:
            connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    return
                delay = begin + number / per_second - time.perf_counter()
                if delay > 0:
                    time.sleep(delay)
                status, took = self.send(connection)
                with lock:
                    statuses[status] += 1
                    if status == 200:
                        times.append(took)

        pool = [threading.Thread(target=work) for _ in range(threads)]
        for thread in pool:
            thread.start()
        for thread in pool:
            thread.join()
        return statuses, times


def command(program: str, *arguments: str) -> dict:
    done = subprocess.run([program, *arguments], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def new_account(program: str, keys: int) -> list[str]:
    email = f"bench-{uuid.uuid4().hex[:12]}@localhost"
    command(program, "account", "create", "--email", email, "--tier", "pro")
    made = [command(program, "key", "create", "--account", email, "--label", f"bench {n}") for n in range(keys)]
    return [key["key"] for key in made]


def side_by_side(runs: dict) -> dict:
    results = {}

    def start(name: str, key: Key, arguments: tuple) -> None:
        results[name] = key.run(*arguments)

    threads = [threading.Thread(target=start, args=(name, *run)) for name, run in runs.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def show(name: str, result: tuple[Counter, list[float]]) -> None:
    statuses, times = result
    p50 = statistics.median(times) if times else float("nan")
    p99 = percentile(times, 0.99) if times else float("nan")
    print(f"  {name:<34} {statuses[200]:6} x 200, others {dict(sorted((s, n) for s, n in statuses.items() if s != 200))},"
          f" p50 {p50:.1f} ms, p99 {p99:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("program")
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    base = dict(line.split("=", 1) for line in (options.run / "env").read_text().splitlines())["BASE_URL"]
    image = (options.run / "small.jpg").read_bytes()
    loud_key, quiet_key = new_account(options.program, 2)
    (other_key,) = new_account(options.program, 1)
    loud, quiet, other = (Key(base, key, form(image)) for key in (loud_key, quiet_key, other_key))
    for key in (loud, quiet, other):
        status, _ = key.send(http.client.HTTPConnection(key.host, key.port, timeout=60))
        if status != 200:
            raise SystemExit(f"the first request of a key was answered {status}")
    normal = (RATE / 60 / 2, options.seconds, 4)
    alone = side_by_side({"quiet": (quiet, normal), "other": (other, normal)})
    print(f"alone, {options.seconds:.0f} s at half of their rates:")
    show("another key of the account", alone["quiet"])
    show("a key of another account", alone["other"])
    together = side_by_side({
        "loud": (loud, (RATE / 60 * 20, options.seconds, 24)),
        "quiet": (quiet, normal),
        "other": (other, normal),
    })
    print("while one key sends 20 times its rate:")
    show("the loud key", together["loud"])
    show("another key of the account", together["quiet"])
    show("a key of another account", together["other"])
    kept = {name: together[name][0][200] / max(1, alone[name][0][200]) for name in ("quiet", "other")}
    met = all(share >= 0.95 for share in kept.values())
    print(f"kept: {kept['quiet']:.1%} and {kept['other']:.1%} of what they get alone; goal 95 %: {'met' if met else 'NOT met'}")
    print(f"({os.cpu_count()} cores, client and servers on the same machine)")


main()
