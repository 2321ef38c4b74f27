"""Measures a whole month, from dumps to a published and reported run, with a line for each task."""

from .measure import run, say
from .months import ENTITIES
from .ratio import Ratio

MEMORY_LIMIT = "1GiB"


def month(machine, months, sizes, figures):
    """Runs the tasks behind the ingest at two sizes and compares them with the ingest and with gzip -dc."""
    table, behind, against_gzip, peaks, gold = {}, [], [], [], []
    for releases in sizes.month:
        lake, ingests = months.lake(releases)
        dumps = [months.dump(releases, entity) for entity in ENTITIES]
        gzip = run("gzip", "-dc", *dumps, keep_out=False)
        bounded = {"memory_limit": MEMORY_LIMIT, "threads": 2}
        tasks = {
            "ingest": None,
            "build-warehouse": machine.task("build-warehouse", lake=lake, run_id=months.run, **bounded),
            "sanity-check": machine.task("sanity-check", lake=lake, run_id=months.run, **bounded),
            "stage-tables": machine.task("stage-tables", lake=lake, run_id=months.run),
            "promote": machine.task("promote", lake=lake, run_id=months.run, run_mode="prod", allow_promote="true"),
            "report-active": machine.task("report-active", lake=lake, **bounded),
        }
        ingest = sum(measured.wall for measured in ingests.values())
        # Not a part of publishing a month: people who use the gold tables build them behind it.
        build_gold = machine.task("build-gold", lake=lake, **bounded)
        rows = {name: measured.figures() for name, measured in tasks.items() if measured}
        rows["build-gold"] = build_gold.figures()
        rows["ingest"] = {
            "wall_s": round(ingest, 3),
            "cpu_s": round(sum(measured.cpu for measured in ingests.values()), 3),
            "peak_mib": max(measured.peak_mib for measured in ingests.values()),
        }
        rows["gzip -dc"] = gzip.figures()
        for name, row in rows.items():
            row["to_ingest"] = round(row["wall_s"] / ingest, 3)
            row["to_gzip"] = round(row["wall_s"] / gzip.wall, 3)
            say(f"{releases} releases: {name} {row}")
        table[releases] = rows
        behind.append(sum(measured.wall for measured in tasks.values() if measured) / ingest)
        against_gzip.append(behind[-1] * ingest / gzip.wall)
        gold.append(build_gold.wall / ingest)
        peaks.append(tasks["sanity-check"].peak_mib)
    figures["month"] = {"memory_limit": MEMORY_LIMIT, "threads": 2, "by_releases": table}
    sizes_named = " and ".join(f"{releases:,}" for releases in sizes.month)
    return [
        Ratio(
            "behind/ingest",
            f"wall of all tasks behind the ingest, to that of the ingest ({sizes_named} releases)",
            behind,
        ),
        Ratio("behind/gzip", "wall of all tasks behind the ingest, to that of gzip -dc", against_gzip, "<=", 2),
        Ratio(
            "peak of sanity-check",
            f"peak memory of sanity-check with memory_limit={MEMORY_LIMIT}",
            peaks,
            "<=",
            1024,
            " MiB",
        ),
        Ratio("gold/ingest", "wall of build-gold of six tables, to that of the ingest", gold),
    ]


def markdown(figures):
    """Returns the table of the tasks, a column group for each size."""
    lines = []
    for releases, rows in figures["by_releases"].items():
        lines += [
            "",
            f"A month of {releases:,} releases, from dumps to published:",
            "",
            "| task | wall | to the ingest | to gzip -dc | CPU | peak |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        for name in (
            "gzip -dc",
            "ingest",
            "build-warehouse",
            "sanity-check",
            "stage-tables",
            "promote",
            "report-active",
            "build-gold",
        ):
            row = rows[name]
            lines.append(
                f"| {name} | {row['wall_s']:.1f} s | {row['to_ingest']:.2f} | {row['to_gzip']:.2f} "
                f"| {row['cpu_s']:.1f} s | {row['peak_mib']:.0f} MiB |"
            )
    return "\n".join(lines) + "\n"
