"""A Postgres server of the benchmark, from the installed binaries."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from .measure import Failed, run

USER = "discogs"


class Postgres:
    """A server on a free port of this machine, for the time of a `with` block."""

    def __init__(self):
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
        if not found:
            raise Failed("Postgres is not installed: apt-get install postgresql")
        self.binaries = found[-1].parent
        # Postgres refuses to run as root.
        self.as_postgres = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []

    def __enter__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="bench-postgres.", dir="/var/tmp"))
        self.folder.chmod(0o755)
        home = self.folder / "home"
        home.mkdir()
        if self.as_postgres:
            shutil.chown(home, "postgres")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self._call("initdb", "-D", home / "data", "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8")
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_wal_size=8GB"
        options += " -c shared_buffers=512MB"
        self._call("pg_ctl", "-D", home / "data", "-w", "-l", home / "log", "-o", options, "start")
        return self

    def __exit__(self, *_):
        self._call("pg_ctl", "-D", self.folder / "home" / "data", "-m", "fast", "stop")
        shutil.rmtree(self.folder)

    def _call(self, program, *words):
        command = [*self.as_postgres, self.binaries / program, *words]
        subprocess.run([str(word) for word in command], cwd="/", check=True, stdout=sys.stderr)

    @property
    def url(self):
        return f"postgres://{USER}@127.0.0.1:{self.port}/postgres"

    def psql(self, *commands):
        """Runs commands one after the other in one session and returns what they cost."""
        words = [word for command in commands for word in ("-c", command)]
        return run(self.binaries / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", self.url, *words)

    def column(self, query):
        """Returns the first column of a query."""
        return self.psql(query).out.splitlines()
