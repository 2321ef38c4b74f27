"""Generates months and ingests them into lakes; both are kept in the folder of the benchmark."""

import shutil

from .measure import say

ENTITIES = ("artists", "labels", "masters", "releases")


class Months:
    """Dumps and lakes of `month` (YYYY-MM), which also determines the layout of the XML."""

    def __init__(self, machine, folder, month):
        self.machine = machine
        self.folder = folder
        self.month = month
        self.day = month.replace("-", "") + "01"
        self.run = f"{month}__{self.day}_000000"

    def dump(self, releases, entity="releases"):
        """Returns the dump of a month with this many releases; generates the month first if it is missing."""
        raw_root = self._raw_root(releases)
        if not (raw_root / self.month / f"discogs_{self.day}_CHECKSUM.txt").exists():
            say(f"generating a month with {releases} releases")
            self.machine.task(
                "generate-dumps", raw_root=raw_root, dump_month=self.month, releases=releases, replace="true"
            )
        return raw_root / self.month / f"discogs_{self.day}_{entity}.xml.gz"

    def _raw_root(self, releases):
        return self.folder / "raw" / str(releases)

    def _begin(self, lake, releases):
        self.dump(releases)
        self.machine.task(
            "preflight",
            lake=lake,
            run_id=self.run,
            dump_month=self.month,
            raw_root=self._raw_root(releases),
            verify_dumps="false",
            min_free=0,
        )

    def ingest(self, releases, **parameters):
        """Ingests the releases of a month into a temporary run. Returns its cost and the bytes of Parquet."""
        lake = self.folder / "lakes" / "passing"
        self._begin(lake, releases)
        measured = self.machine.task("ingest-releases", lake=lake, run_id=self.run, **parameters)
        size = parquet_bytes(lake)
        shutil.rmtree(lake)
        return measured, size

    def lake(self, releases):
        """Ingests a month into a new lake. Returns the lake and the cost of each ingest."""
        lake = self.folder / "lakes" / str(releases)
        shutil.rmtree(lake, ignore_errors=True)
        self._begin(lake, releases)
        return lake, {entity: self.machine.task(f"ingest-{entity}", lake=lake, run_id=self.run) for entity in ENTITIES}

    def packed_bytes(self, releases, entities=ENTITIES):
        return sum(self.dump(releases, entity).stat().st_size for entity in entities)


def parquet_bytes(folder):
    return sum(file.stat().st_size for file in folder.rglob("*.parquet"))
