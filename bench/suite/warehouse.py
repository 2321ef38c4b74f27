"""Measures build-warehouse as a month grows, hashing and look-ups."""

from .measure import run, say
from .months import parquet_bytes
from .ratio import Ratio

FULL_SIZE = 19_000_000


def build(machine, months, sizes, figures):
    """Builds months of several sizes; keeps the largest lake for the look-ups."""
    seconds, rows = {}, {}
    for releases in sizes.build:
        lake, ingests = months.lake(releases)
        built = machine.task("build-warehouse", lake=lake, run_id=months.run, memory_limit="1GiB", threads=2)
        checked = machine.task("sanity-check", lake=lake, run_id=months.run, memory_limit="1GiB", threads=2)
        say(f"{releases} releases: build {built.figures()}, sanity-check {checked.figures()}")
        seconds[releases] = built.wall
        rows[releases] = {
            "ingest": {entity: measured.figures() for entity, measured in ingests.items()},
            "build_warehouse": built.figures(),
            "sanity_check": checked.figures(),
            "parquet_bytes": parquet_bytes(lake),
            "packed_bytes": months.packed_bytes(releases),
        }
    few, many = min(sizes.build), max(sizes.build)
    # A line through the smallest and the largest month separates the cost of a release from the fixed cost of a build.
    each = (seconds[many] - seconds[few]) / (many - few)
    minutes = (seconds[many] + each * (FULL_SIZE - many)) / 60
    figures["build"] = {"memory_limit": "1GiB", "threads": 2, "by_releases": rows}
    a_million = [seconds[releases] / releases * 1e6 for releases in (few, many)]
    return [
        Ratio("build of 19 M releases", "build-warehouse for a full month, extrapolated", [minutes], "<", 10, " min"),
        Ratio(
            "build growth",
            "build-warehouse, seconds a million releases, the largest month to the smallest",
            [a_million[1] / a_million[0]],
            "<=",
            1.25,
        ),
    ]


def hashing(machine, months, sizes, figures):
    """Compares verify-run, which hashes every file of a run as promote does, with sha256sum."""
    releases = max(sizes.build)
    lake = months.folder / "lakes" / str(releases)
    files = [file for file in sorted((lake / "_runs" / months.run).rglob("*")) if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    ours, theirs = [], []
    for _ in range(sizes.rounds):
        ours.append(machine.task("verify-run", lake=lake, run_id=months.run))
        theirs.append(run("sha256sum", *files))
    best = min(measured.wall for measured in ours)
    figures["hashing"] = {
        "bytes": size,
        "mb_per_second": round(size / 1e6 / best),
        "verify_run": [measured.figures() for measured in ours],
        "sha256sum": [measured.figures() for measured in theirs],
    }
    return [
        Ratio(
            "verify-run/sha256sum",
            "wall of verify-run over all files of a run, to sha256sum over the same",
            [a.wall / b.wall for a, b in zip(ours, theirs, strict=True)],
            "<=",
            1,
        ),
    ]


def lookups(machine, months, sizes, figures):
    releases = max(sizes.build)
    run_folder = months.folder / "lakes" / str(releases) / "_runs" / months.run
    found = run(machine.lookups, run_folder).result()
    figures["lookups"] = {"releases": releases, **found}
    return [
        Ratio(
            f"look-up by {name}",
            f"one {name} in {entry['rows']} rows through DuckDB; {entry['bytes_read']} of {entry['table_bytes']} bytes read",
            [entry["milliseconds"][which] for which in ("min", "median", "max")],
            "<",
            100,
            " ms",
        )
        for name, entry in found.items()
    ]
