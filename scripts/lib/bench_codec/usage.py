"""`usage.py REPORT COMMAND…` runs a command and writes what its whole family of processes used to REPORT (JSON).

A program of its own because it adopts orphans: a codec child that outlives the command would otherwise be counted
by nobody. The bench itself has other children, whose ends it must not take."""

import ctypes
import json
import os
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


def main() -> int:
    report, command = Path(sys.argv[1]), sys.argv[2:]
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    start = time.perf_counter()
    leader = subprocess.Popen(command).pid
    cpu, peak, code, wall = 0.0, 0, 1, 0.0
    while True:
        try:
            # What a process has itself waited for is counted with it: CPU as a sum, memory as the maximum.
            pid, status, used = os.wait4(-1, 0)
        except ChildProcessError:
            break
        cpu += used.ru_utime + used.ru_stime
        peak = max(peak, used.ru_maxrss)
        if pid == leader:
            code, wall = os.waitstatus_to_exitcode(status), time.perf_counter() - start
    report.write_text(json.dumps({"cpu_ms": cpu * 1000, "wall_ms": wall * 1000, "peak_mb": peak * 1024 / 1e6}))
    return code if code >= 0 else 128 - code


sys.exit(main())
