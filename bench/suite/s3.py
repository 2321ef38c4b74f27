"""Measures upload-run and download-run beside rclone or `aws s3 cp`, on the same S3 server on this machine."""

import secrets
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from .machine import ROOT
from .measure import Failed, rounds, run, say
from .ratio import Ratio, of_rounds

BUCKET = "lake"
KEY = "bench"


class Server:
    """s3s-fs on a free port of this machine, for the time of a `with` block."""

    def __enter__(self):
        program = ROOT / "vendor" / "tools" / "s3" / "bin" / "s3s-fs"
        if not program.exists():
            raise Failed("s3s-fs is not installed: scripts/setup-s3")
        self.folder = Path(tempfile.mkdtemp(prefix="bench-s3.", dir="/var/tmp"))
        (self.folder / BUCKET).mkdir()
        self.secret = secrets.token_hex(16)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        words = ["--host", "127.0.0.1", "--port", str(port), "--access-key", KEY, "--secret-key", self.secret]
        self.process = subprocess.Popen(
            [program, *words, self.folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(100):
            with socket.socket() as there:
                if there.connect_ex(("127.0.0.1", port)) == 0:
                    return self
            time.sleep(0.1)
        raise Failed("s3s-fs does not start")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder)

    @property
    def env(self):
        return {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.url,
        }

    def empty(self):
        """Removes every object."""
        shutil.rmtree(self.folder / BUCKET)
        (self.folder / BUCKET).mkdir()
        for left in self.folder.glob(".*"):
            left.unlink()


def other_tool():
    """Returns the name of the other tool, and its command that copies a folder to a prefix or back."""
    if shutil.which("rclone"):
        remote = ":s3,provider=Other,env_auth=true,force_path_style=true:"
        place = {"upload": f"{remote}{BUCKET}/other", "download": f"{remote}{BUCKET}/other"}
        words = ["rclone", "copy", "--transfers", "4", "--s3-chunk-size", "16M", "--checkers", "4"]
        return "rclone", lambda way, folder: [
            *words,
            *([folder, place[way]] if way == "upload" else [place[way], folder]),
        ]
    if shutil.which("aws"):
        place = f"s3://{BUCKET}/other"
        words = ["aws", "s3", "cp", "--recursive", "--quiet"]
        return "aws s3 cp", lambda way, folder: [*words, *([folder, place] if way == "upload" else [place, folder])]
    raise Failed("neither rclone nor aws is installed: pip install awscli")


def s3(machine, months, sizes, figures):
    """Sends and fetches runs of several sizes."""
    name, copy = other_tool()
    table, upload_ratios, download_ratios, peaks = {}, [], [], []
    with Server() as server:
        for releases in sizes.s3:
            lake, _ = months.lake(releases)
            machine.task("build-warehouse", lake=lake, run_id=months.run, memory_limit="1GiB", threads=2)
            machine.task("sanity-check", lake=lake, run_id=months.run, memory_limit="1GiB", threads=2)
            bare = months.folder / "s3-run"
            shutil.rmtree(bare, ignore_errors=True)
            shutil.copytree(Path(lake) / "_runs" / months.run, bare, ignore=shutil.ignore_patterns("_reports"))
            there = {"warehouse": f"s3://{BUCKET}/ours", "run_id": months.run}
            measured = {way: [] for way in ("upload", "download", f"{name} upload", f"{name} download")}
            for _ in range(sizes.rounds):
                server.empty()
                measured["upload"].append(task(machine, server, "upload-run", lake=lake, **there))
                measured[f"{name} upload"].append(run(*copy("upload", bare), env=server.env))
                fresh, back = months.folder / "s3-lake", months.folder / "s3-back"
                for folder in (fresh, back):
                    shutil.rmtree(folder, ignore_errors=True)
                measured["download"].append(task(machine, server, "download-run", lake=fresh, **there))
                measured[f"{name} download"].append(run(*copy("download", back), env=server.env))
                for folder in (fresh, back):
                    shutil.rmtree(folder)
            shutil.rmtree(bare)
            best = {way: min(rounds, key=lambda one: one.wall) for way, rounds in measured.items()}
            table[releases] = {way: one.figures() for way, one in best.items()}
            table[releases]["bytes"] = measured["upload"][0].result()["metrics"]["bytes"]
            say(f"{releases} releases: {table[releases]}")
            upload_ratios += of_rounds(measured["upload"], measured[f"{name} upload"], lambda one: one.wall)
            download_ratios += of_rounds(measured["download"], measured[f"{name} download"], lambda one: one.wall)
            peaks.append(max(one.peak_mib for one in measured["upload"] + measured["download"]))
    figures["s3"] = {"other": name, "by_releases": table}
    return [
        Ratio(f"upload-run/{name}", f"wall of upload-run, to that of {name} on the same server", upload_ratios),
        Ratio(f"download-run/{name}", f"wall of download-run, to that of {name} on the same server", download_ratios),
        Ratio(
            "memory of transfers",
            "peak memory at the larger run, to that at the smaller one",
            [peaks[-1] / peaks[0]],
            "<=",
            1.2,
        ),
    ]


def ingest(machine, months, sizes, figures):
    """Ingests a dump from S3 and from the disk."""
    releases = sizes.side_by_side
    dump = months.dump(releases)
    with Server() as server:
        # s3s-fs keeps an object as a file of its name.
        shutil.copy(dump, server.folder / BUCKET / dump.name)
        there = {"releases_dump": f"s3://{BUCKET}/{dump.name}", "env": server.env}
        runs = rounds(
            {
                "disk": (lambda: months.ingest(releases, threads=2)[0], sizes.rounds),
                "S3": (lambda: months.ingest(releases, threads=2, **there)[0], sizes.rounds),
            },
            sizes.rounds,
        )
    figures["ingest_from_s3"] = {name: [one.figures() for one in measured] for name, measured in runs.items()}
    walls = of_rounds(runs["S3"], runs["disk"], lambda one: one.wall)
    peaks = [one.peak_mib for one in runs["S3"]]
    return [
        Ratio("ingest from S3/from disk", "wall of ingest-releases from S3, to that from the disk", walls, "<=", 1.3),
        Ratio("memory of an ingest from S3", "peak memory of ingest-releases from S3", peaks, "<=", 256, " MiB"),
    ]


def task(machine, server, name, **parameters):
    """Runs a task with the credentials of the server."""
    return machine.task(name, env=server.env, **parameters)
