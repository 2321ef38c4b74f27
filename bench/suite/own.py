"""Measures a table of people's own: 1 % of its rows upserted, by upsert-table, pyiceberg, DuckDB writing a new file, and
Trino's MERGE if a stack answers."""

import shutil

from .machine import ROOT
from .measure import Failed, run, say
from .ratio import Ratio, of_rounds
from .trino import Missing, Stack

PYTHON = ROOT / "vendor" / "tools" / "iceberg" / "bin" / "python"
OTHERS = ROOT / "bench" / "python" / "own_tables.py"

# Rows have the columns of an inventory. An update changes the price of every hundredth row of a random order.
ROWS = """COPY (
    SELECT
        range AS listing_id, hash(range) % 19000000 AS release_id, 'Title of ' || range AS title,
        (hash(range + {seed}) % 10000 / 100)::DECIMAL(18, 2) AS price, DATE '2020-01-01' + (range % 2000)::INTEGER AS listed
    FROM range({rows}) WHERE {condition}
) TO '{file}' (HEADER)"""


MERGE = """MERGE INTO iceberg.mine.inventory AS t USING iceberg.mine.changes AS s ON t.listing_id = s.listing_id
WHEN MATCHED THEN UPDATE SET release_id = s.release_id, title = s.title, price = s.price, listed = s.listed
WHEN NOT MATCHED THEN INSERT (listing_id, release_id, title, price, listed)
    VALUES (s.listing_id, s.release_id, s.title, s.price, s.listed)"""

SUMS = "SELECT count(*), sum(listing_id), sum(release_id), sum(price), max(title), min(listed) FROM mine.{table}"


def merge(machine, base, changes, ours):
    """Returns the seconds of Trino's MERGE of the changes into the table of upsert-table, or None without a stack.

    The changes are a table already, so MERGE is spared the reading of the CSV file. `ours` returns the sums of the table
    after upsert-table, which those after MERGE have to equal.
    """
    try:
        with Stack() as stack:
            task = {"lake": stack.lake, "key": "listing_id", "memory_limit": "1GiB", "threads": 2, **stack.catalog}
            for table, file in (("inventory", base), ("changes", changes)):
                machine.task("upsert-table", table=f"mine.{table}", **{"from": file}, **task)
                # The first look at a table is slower than the next.
                stack.rows(f"SELECT count(*) FROM iceberg.mine.{table}")
            seconds = stack.seconds(MERGE)
            query = {"lake": stack.lake, "format": "csv", **stack.catalog}
            theirs = machine.task("query", sql=SUMS.format(table="inventory"), **query).out
            if theirs.splitlines()[1:] != ours.splitlines()[1:]:
                raise Failed(f"MERGE left other rows than upsert-table: {theirs} and {ours}")
            return seconds
    except Missing as missing:
        say(f"TRINO IS LEFT OUT, so the ratio upsert/MERGE is missing: {missing}")
        return None


def own(machine, folder, sizes, figures):
    """Upserts 1 % into tables of two sizes, scattered over all files and together at the end."""
    place = folder / "own"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    lake = place / "lake"
    lake.mkdir()
    table, times, peaks, to_pyiceberg, to_duckdb, to_merge = {}, [], [], [], [], []
    for rows in sizes.own:
        base, scattered, together = (place / f"{name}.csv" for name in ("base", "scattered", "together"))
        conditions = {base: "true", scattered: "hash(range) % 100 = 0", together: f"range >= {rows} * 99 // 100"}
        for seed, (file, condition) in enumerate(conditions.items()):
            sql = ROWS.format(rows=rows, seed=seed, condition=condition, file=file)
            run(PYTHON, OTHERS, "sql", sql)
        name = f"mine.inventory_{rows}"
        task = {"lake": lake, "table": name, "memory_limit": "1GiB", "threads": 2}
        found = {"create": machine.task("upsert-table", **task, **{"from": base, "key": "listing_id"})}
        found["upsert, scattered"] = machine.task("upsert-table", **task, **{"from": scattered})
        sums = machine.task("query", lake=lake, sql=SUMS.format(table=f"inventory_{rows}"), format="csv").out
        found["upsert, together"] = machine.task("upsert-table", **task, **{"from": together})
        for other in ("pyiceberg", "duckdb"):
            run(PYTHON, OTHERS, other, "create", place / other, base)
            found[f"{other}, scattered"] = run(PYTHON, OTHERS, other, "upsert", place / other, scattered)
            shutil.rmtree(place / other)
        for what, measured in found.items():
            say(f"{rows} rows: {what} {measured.figures()}")
        table[rows] = {what: measured.figures() for what, measured in found.items()}
        seconds = merge(machine, base, scattered, sums)
        if seconds is not None:
            say(f"{rows} rows: Trino's MERGE, scattered {seconds:.3f} s")
            table[rows]["Trino's MERGE, scattered"] = {"wall_s": round(seconds, 3)}
            to_merge.append(found["upsert, scattered"].wall / seconds)
        times.append(found["upsert, scattered"].wall)
        peaks.append(found["upsert, scattered"].peak_mib)
        to_pyiceberg += of_rounds([found["upsert, scattered"]], [found["pyiceberg, scattered"]], lambda one: one.wall)
        to_duckdb += of_rounds([found["upsert, scattered"]], [found["duckdb, scattered"]], lambda one: one.wall)
    figures["own"] = {"by_rows": table}
    shutil.rmtree(place)
    sizes_named = " and ".join(f"{rows:,}" for rows in sizes.own)
    of_merge = "the same, to Trino's MERGE of rows that are a table already"
    ratios = [Ratio("upsert/MERGE", of_merge, to_merge)] if to_merge else []
    return [
        Ratio("upsert/pyiceberg", f"1 % upserted into {sizes_named} rows, to pyiceberg's upsert", to_pyiceberg),
        Ratio("upsert/DuckDB", "the same, to DuckDB writing the merged rows as a new file", to_duckdb, "<=", 3),
        *ratios,
        Ratio("peak of upserts", "peak memory of upsert-table with --memory-limit 1GiB", peaks, "<=", 2048, " MiB"),
    ]
