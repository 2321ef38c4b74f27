"""Measures the Iceberg tables: staging and promoting a run of all tables, and a query of an earlier state."""

from .measure import rounds, say
from .ratio import Ratio, of_rounds

SQL = (
    "SELECT country, count(*) AS releases FROM releases_ref_v6 GROUP BY country ORDER BY releases DESC, country LIMIT 5"
)


def snapshots(machine, months, sizes, figures):
    """Stages and promotes a month of several sizes, and compares `query --as-of` with `query`."""
    csv = months.folder / "snapshots.csv"
    table, against_query, staged, moved, peaks = {}, [], [], [], []
    for releases in sizes.snapshots:
        lake, _ = months.lake(releases)
        machine.task("build-warehouse", lake=lake, run_id=months.run, memory_limit="1GiB", threads=2)
        machine.task("sanity-check", lake=lake, run_id=months.run, memory_limit="1GiB", threads=2)
        stage = machine.task("stage-tables", lake=lake, run_id=months.run)
        # promote hashes every file of the run first, so the move itself is measured by a promotion that was made already
        # and finds only the tables behind it.
        promote = machine.task("promote", lake=lake, run_id=months.run, run_mode="prod", allow_promote="true")
        repeat = machine.task("promote", lake=lake, run_id=months.run, run_mode="prod", allow_promote="true")
        verify = machine.task("verify-run", lake=lake, run_id=months.run)
        queries = rounds(
            {
                "query": (lambda lake=lake: machine.task("query", lake=lake, sql=SQL, csv=csv), sizes.rounds),
                "query --as-of": (
                    lambda lake=lake: machine.task("query", lake=lake, as_of=months.month, sql=SQL, csv=csv),
                    sizes.rounds,
                ),
            },
            sizes.rounds,
        )
        rows = {"stage-tables": stage, "promote": promote, "promote, done already": repeat, "verify-run": verify}
        rows |= {name: min(measured, key=lambda one: one.wall) for name, measured in queries.items()}
        table[releases] = {name: measured.figures() for name, measured in rows.items()}
        table[releases]["tables"] = stage.result()["metrics"]["tables"]
        table[releases]["files"] = stage.result()["metrics"]["files"]
        for name, measured in rows.items():
            say(f"{releases} releases: {name} {measured.figures()}")
        against_query += of_rounds(queries["query --as-of"], queries["query"], lambda one: one.wall)
        staged.append(stage.wall)
        moved.append(promote.wall - verify.wall)
        peaks.append(max(stage.peak_mib, repeat.peak_mib))
    figures["snapshots"] = {"by_releases": table}
    sizes_named = " and ".join(f"{releases:,}" for releases in sizes.snapshots)
    return [
        Ratio("stage-tables", f"stage-tables of 37 tables ({sizes_named} releases)", staged, "<=", 5, " s"),
        Ratio("promote, tables", "promote of 37 tables, less verify-run of the same run", moved, "<=", 5, " s"),
        Ratio(
            "peak of staging", "peak memory of stage-tables and of promote without hashing", peaks, "<=", 128, " MiB"
        ),
        Ratio("as-of/query", "query --as-of to query", against_query, "<=", 1.5),
    ]
