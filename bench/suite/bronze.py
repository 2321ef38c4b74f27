"""Measures the bronze tables: a month in full beside gzip -dc and the ingest, the changes of a month that differs by 1 %,
and the first dump restored."""

import gzip
import shutil

from .measure import rounds, run, say
from .months import parquet_bytes
from .ratio import Ratio, of_rounds

# The month behind the one of the other measurements.
NEXT = "2026-12"
NEXT_RUN = f"{NEXT}__20261201_000000"

# Every hundredth record has another title.
STEP = 100


def write_next(dump, to):
    """Writes the dump of the next month: every hundredth release has another title."""
    to.parent.mkdir(parents=True, exist_ok=True)
    records = 0
    with gzip.open(dump, "rb") as before, gzip.open(to, "wb", compresslevel=6) as after:
        for line in before:
            if line.startswith(b"<release "):
                records += 1
                if records % STEP == 0:
                    line = line.replace(b"<title>", b"<title>Now ", 1)
            after.write(line)
    return records


def bronze(machine, months, sizes, figures):
    """Appends a month of releases in full, then the next one as changes and in full, and restores the first."""
    releases = sizes.bronze
    dump = months.dump(releases)
    place = months.folder / "bronze"
    shutil.rmtree(place, ignore_errors=True)
    after = place / "raw" / NEXT / f"discogs_{NEXT.replace('-', '')}01_releases.xml.gz"
    say(f"the releases of {NEXT}, {releases // STEP} of {releases} with another title")
    write_next(dump, after)

    def appended(lake, run_id, releases_dump, mode):
        # The task reads the month from the name of the run, which preflight need not begin.
        (lake / "_runs" / run_id).mkdir(parents=True, exist_ok=True)
        return machine.task(
            "append-bronze-dump",
            lake=lake,
            run_id=run_id,
            bronze=mode,
            bronze_entities="releases",
            releases_dump=releases_dump,
            memory_limit="1GiB",
            threads=2,
        )

    def full():
        lake = place / "full"
        shutil.rmtree(lake, ignore_errors=True)
        return appended(lake, months.run, dump, "full")

    found = rounds(
        {
            "gzip -dc": (lambda: run("gzip", "-dc", dump, keep_out=False), sizes.rounds),
            "ingest": (lambda: months.ingest(releases, threads=2)[0], sizes.rounds),
            "full": (full, sizes.rounds),
        },
        sizes.rounds,
    )
    lake = place / "full"
    bytes_of_full = parquet_bytes(lake)
    changes = appended(lake, NEXT_RUN, after, "changes")
    counts = changes.result()["releases"]
    assert counts["mode"] == "changes" and counts["updated"] == releases // STEP, counts
    bytes_of_changes = parquet_bytes(lake) - bytes_of_full
    next_in_full = appended(place / "next", NEXT_RUN, after, "full")
    restored = machine.task(
        "restore-dump",
        lake=lake,
        dump_month=NEXT,
        raw_root=place / "restored",
        entities="releases",
        memory_limit="1GiB",
        threads=2,
    )
    figures["bronze"] = {
        "releases": releases,
        "rounds": {name: [one.figures() for one in measured] for name, measured in found.items()},
        "bytes_of_full": bytes_of_full,
        "bytes_of_changes": bytes_of_changes,
        "changes": changes.figures(),
        "next_in_full": next_in_full.figures(),
        "restored": restored.figures(),
    }
    for name in ("changes", "next_in_full", "restored"):
        say(f"{name} {figures['bronze'][name]}")
    shutil.rmtree(place)
    wall = [one.wall for one in found["full"]]
    peaks = [one.peak_mib for one in found["full"]] + [changes.peak_mib]
    return [
        Ratio(
            "bronze/gzip",
            f"wall of appending {releases:,} releases in full, to gzip -dc",
            of_rounds(found["full"], found["gzip -dc"], lambda one: one.wall),
            "<=",
            1.5,
        ),
        Ratio(
            "bronze/ingest", "the same, to the ingest", of_rounds(found["full"], found["ingest"], lambda one: one.wall)
        ),
        Ratio(
            "bytes of changes",
            "bytes of the changes of a month that differs by 1 %, to those of the month in full",
            [bytes_of_changes / bytes_of_full],
            "<=",
            0.05,
        ),
        Ratio("changes/full", "wall of these changes, to the same month in full", [changes.wall / next_in_full.wall]),
        Ratio(
            "restore/full",
            "wall of restoring this month, to appending one in full",
            [restored.wall / min(wall)],
            "<=",
            3,
        ),
        Ratio(
            "peak of bronze", "peak memory of append-bronze-dump with --memory-limit 1GiB", peaks, "<=", 1024, " MiB"
        ),
    ]
