"""Builds the programs to measure and describes the machine."""

import os
import platform
import subprocess
import sys
from pathlib import Path

from .measure import run, say

ROOT = Path(__file__).resolve().parents[2]
RELEASE = ROOT / "target" / "release"


def cargo(*words):
    say("cargo " + " ".join(words))
    subprocess.run(["cargo", *words, "--quiet"], cwd=ROOT, check=True, stdout=sys.stderr)


class Machine:
    """The paths of the programs to measure; builds the missing ones."""

    def __init__(self, folder):
        subprocess.run([ROOT / "scripts" / "setup-duckdb"], check=True, stdout=sys.stderr)
        cargo("build", "--release", "--workspace", "--bins", "--examples")
        quick = ROOT / "bench" / "disco-quick"
        cargo(
            "build",
            "--release",
            "--locked",
            "--manifest-path",
            str(quick / "Cargo.toml"),
            "--target-dir",
            str(folder / "disco-quick"),
        )
        self.inflate = RELEASE / "examples" / "inflate"
        self.lookups = RELEASE / "examples" / "lookups"
        self.disco_quick = folder / "disco-quick" / "release" / "bench-disco-quick"
        self.python = self._python(folder / "python")
        self.releases_v6 = ROOT / "bench" / "python" / "releases_v6.py"

    def _python(self, folder):
        python = folder / "bin" / "python"
        if not python.exists():
            say("pandas and pyarrow for the Python pipeline")
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        wanted = ROOT / "bench" / "python" / "requirements.txt"
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement", wanted]
        subprocess.run(pip, check=True, stdout=sys.stderr)
        return python

    def program(self, name):
        """Returns the path of a task of this project."""
        return RELEASE / name

    def task(self, name, env=None, **parameters):
        """Runs a task of this project, with variables beside those of this process."""
        words = [word for key, value in parameters.items() for word in (f"--{key.replace('_', '-')}", value)]
        return run(self.program(name), *words, env=env)

    def description(self):
        commit = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
        return {
            "commit": commit.stdout.strip(),
            "cores": os.cpu_count(),
            "cpu": cpu_name(),
            "memory_gib": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30, 1),
            "system": platform.platform(),
            "load_before": round(os.getloadavg()[0], 2),
            "gzip": run("gzip", "--version").out.splitlines()[0],
        }


def cpu_name():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor()
    )
