"""Measures a table of people's own: 1 % of its rows upserted, by upsert-table, pyiceberg, and DuckDB writing a new file."""

import shutil

from .machine import ROOT
from .measure import run, say
from .ratio import Ratio, of_rounds

PYTHON = ROOT / "vendor" / "tools" / "iceberg" / "bin" / "python"
OTHERS = ROOT / "bench" / "python" / "own_tables.py"

# Rows have the columns of an inventory. An update changes the price of every hundredth row of a random order.
ROWS = """COPY (
    SELECT
        range AS listing_id, hash(range) % 19000000 AS release_id, 'Title of ' || range AS title,
        (hash(range + {seed}) % 10000 / 100)::DECIMAL(18, 2) AS price, DATE '2020-01-01' + (range % 2000)::INTEGER AS listed
    FROM range({rows}) WHERE {condition}
) TO '{file}' (HEADER)"""


def own(machine, folder, sizes, figures):
    """Upserts 1 % into tables of two sizes, scattered over all files and together at the end."""
    place = folder / "own"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    lake = place / "lake"
    lake.mkdir()
    table, times, peaks, to_pyiceberg, to_duckdb = {}, [], [], [], []
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
        found["upsert, together"] = machine.task("upsert-table", **task, **{"from": together})
        for other in ("pyiceberg", "duckdb"):
            run(PYTHON, OTHERS, other, "create", place / other, base)
            found[f"{other}, scattered"] = run(PYTHON, OTHERS, other, "upsert", place / other, scattered)
            shutil.rmtree(place / other)
        for what, measured in found.items():
            say(f"{rows} rows: {what} {measured.figures()}")
        table[rows] = {what: measured.figures() for what, measured in found.items()}
        times.append(found["upsert, scattered"].wall)
        peaks.append(found["upsert, scattered"].peak_mib)
        to_pyiceberg += of_rounds([found["upsert, scattered"]], [found["pyiceberg, scattered"]], lambda one: one.wall)
        to_duckdb += of_rounds([found["upsert, scattered"]], [found["duckdb, scattered"]], lambda one: one.wall)
    figures["own"] = {"by_rows": table}
    shutil.rmtree(place)
    sizes_named = " and ".join(f"{rows:,}" for rows in sizes.own)
    return [
        Ratio("upsert/pyiceberg", f"1 % upserted into {sizes_named} rows, to pyiceberg's upsert", to_pyiceberg),
        Ratio("upsert/DuckDB", "the same, to DuckDB writing the merged rows as a new file", to_duckdb, "<=", 3),
        Ratio("peak of upserts", "peak memory of upsert-table with --memory-limit 1GiB", peaks, "<=", 2048, " MiB"),
    ]
