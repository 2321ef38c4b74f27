"""Runs commands and measures their time and memory."""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass


class Failed(Exception):
    """A command failed; the message holds its name and its last lines on stderr."""


@dataclass(frozen=True)
class Measured:
    """The cost of one run of a command: seconds of wall and CPU time, peak memory in MiB."""

    wall: float
    cpu: float
    peak_mib: float
    out: str = ""

    def result(self):
        """Returns the JSON result of a task."""
        return json.loads(self.out)

    def figures(self):
        return {"wall_s": round(self.wall, 3), "cpu_s": round(self.cpu, 3), "peak_mib": round(self.peak_mib, 1)}


def run(*command, keep_out=True, env=None):
    """Runs a command to its end. CPU and memory are the kernel's figures for this child (wait4)."""
    command = [str(word) for word in command]
    env = None if env is None else {**os.environ, **env}
    with tempfile.TemporaryFile() as errors:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE if keep_out else subprocess.DEVNULL, stderr=errors, env=env
        )
        out = process.stdout.read().decode() if keep_out else ""
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            last = errors.read().decode(errors="replace").strip().splitlines()[-3:]
            raise Failed(f"{' '.join(command)} ended with {process.returncode}: {' / '.join(last)}")
    return Measured(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out)


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def rounds(contenders, count):
    """Runs each contender once per round, in an order that rotates.

    `contenders` maps a name to a callable that returns a `Measured` and to its number of rounds. Returns the list of
    measurements by name; equal indices ran in the same round.
    """
    measured = {name: [] for name in contenders}
    names = list(contenders)
    for turn in range(count):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            once, most = contenders[name]
            if turn < most:
                measured[name].append(once())
                say(f"round {turn + 1}: {name} {measured[name][-1].figures()}")
    return measured
