"""Runs statements on the Trino of scripts/stack, and shares a lake with it over the stack's Iceberg catalog."""

import json
import os
import shutil
import time
import urllib.error
import urllib.request
from pathlib import Path

from .machine import ROOT
from .measure import Failed, run

USER = {"X-Trino-User": "bench"}


class Missing(Exception):
    """No stack can be used; the message says why and what to run."""


class Stack:
    """The stack, with an empty lake that Trino sees under the same path, until the block ends."""

    def __init__(self):
        self.folder = Path(os.environ.get("DISCOGS_STACK", ROOT / ".stack")).resolve()
        try:
            lines = (self.folder / "env").read_text().splitlines()
        except OSError:
            raise Missing(f"there is no stack in {self.folder}; run scripts/stack up") from None
        self.settings = dict(line.split("=", 1) for line in lines if "=" in line)
        self.lake = self.folder / "lake" / "bench-own"
        # Loopback addresses do not go through a proxy.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def __enter__(self):
        try:
            self.rows("SELECT 1")
            self.catalog = {
                "catalog": self.settings["DISCOGS_CATALOG"],
                "catalog_password_file": self.settings["DISCOGS_CATALOG_PASSWORD_FILE"],
            }
            self._claim()
        except KeyError as missing:
            raise Missing(f"the stack has no {missing.args[0]}; run scripts/stack up") from None
        except (OSError, Failed) as failed:
            raise Missing(f"the stack does not answer ({failed}); run scripts/stack up") from None
        shutil.rmtree(self.lake, ignore_errors=True)
        self.lake.mkdir(parents=True)
        return self

    def __exit__(self, *_):
        self._clear()
        shutil.rmtree(self.lake, ignore_errors=True)

    def rows(self, sql):
        """Runs a statement to its end and returns its rows."""
        request = urllib.request.Request(f"{self.settings['DISCOGS_TRINO_URL']}/v1/statement", sql.encode(), USER)
        found = []
        while True:
            try:
                with self._opener.open(request, timeout=600) as answer:
                    page = json.load(answer)
            except urllib.error.URLError as error:
                raise Failed(f"Trino: {error}: {sql}") from None
            if "error" in page:
                raise Failed(f"Trino: {page['error']['message']}: {sql}")
            found += page.get("data", [])
            if "nextUri" not in page:
                return found
            request = urllib.request.Request(page["nextUri"], headers=USER)

    def seconds(self, sql):
        """Returns the seconds that a statement takes."""
        started = time.perf_counter()
        self.rows(sql)
        return time.perf_counter() - started

    def _claim(self):
        """Empties the catalog of a lake that is gone. Leaves that of a lake that exists."""
        if self._psql("SELECT to_regclass('lake_properties')"):
            root = self._psql("SELECT property_value FROM lake_properties WHERE property_key = 'root'")
            if root and Path(root) != self.lake and Path(root).is_dir():
                raise Missing(f"the stack's catalog is that of the lake {root}, which the benchmark leaves as it is")
        elif self._psql("SELECT count(*) FROM iceberg_tables") != "0":
            raise Missing("the stack's catalog holds tables of no lake, which the benchmark leaves as they are")
        self._clear()

    def _clear(self):
        self._psql(
            "DELETE FROM iceberg_tables; DELETE FROM iceberg_namespace_properties; DROP TABLE IF EXISTS lake_properties"
        )

    def _psql(self, sql):
        password = Path(self.settings["DISCOGS_CATALOG_PASSWORD_FILE"]).read_text().strip()
        env = {"PGPASSWORD": password, "PGOPTIONS": "-c client_min_messages=warning"}
        words = ("psql", self.settings["DISCOGS_CATALOG"], "-qAt", "-v", "ON_ERROR_STOP=1", "-c", sql)
        return run(*words, env=env).out.strip()
