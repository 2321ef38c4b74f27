"""Measures files of people's own: append-bronze of a CSV file, refine-table of its rows, and the increment after it, beside
DuckDB making the same typed rows of the same file without lineage, reasons or a catalog."""

import shutil

from .machine import ROOT
from .measure import run, say
from .ratio import Ratio, of_rounds

PYTHON = ROOT / "vendor" / "tools" / "iceberg" / "bin" / "python"
OTHERS = ROOT / "bench" / "python" / "own_tables.py"

# An inventory as people export it. One row of 1,000 has no price, and one of 100 has a key again.
ROWS = """COPY (
    SELECT
        CASE WHEN range % 100 = 99 THEN range - 1 ELSE range END AS listing_id, hash(range) % 19000000 + 1 AS release_id,
        ' Title of ' || range AS title, CASE WHEN hash(range) % 1000 = 0 THEN 'ask' ELSE '$' || range % 900 || '.50' END AS price,
        (60 + range % 300) || ' g' AS weight, strftime(DATE '2020-01-01' + (range % 2000)::INTEGER, '%d/%m/%Y') AS listed,
        CASE range % 3 WHEN 0 THEN 'Mint (M)' WHEN 1 THEN 'Very Good (VG)' ELSE 'n/a' END AS media_condition
    FROM range({first}, {last})
) TO '{file}' (HEADER)"""

DECLARATION = """source: bronze.mine_inventory
target: mine.inventory
key: [listing_id]
null_words: [n/a]
columns:
  - {name: listing_id, type: bigint}
  - {name: release_id, type: bigint, required: true, range: {min: 1}}
  - {name: title, type: varchar}
  - {name: price, type: 'decimal(12,2)', strip: [$, ','], range: {min: 0}}
  - {name: weight, type: integer, units: {g: 1, kg: 1000}}
  - {name: listed, type: date, formats: ['%d/%m/%Y']}
  - {name: media_condition, type: varchar, accepted: [Mint (M), Very Good (VG)]}
"""

# The last row of a key wins, as in the declaration.
BY_HAND = """COPY (
    FROM (
        SELECT unnest(arg_max(row, position))
        FROM (
            SELECT
                position,
                {{
                    'listing_id': listing_id::BIGINT, 'release_id': release_id::BIGINT, 'title': trim(title),
                    'price': replace(price, '$', '')::DECIMAL(12, 2), 'weight': replace(weight, ' g', '')::INTEGER,
                    'listed': strptime(listed, '%d/%m/%Y')::DATE, 'media_condition': nullif(media_condition, 'n/a')
                }} AS row
            FROM (SELECT row_number() OVER () AS position, * FROM read_csv('{file}', all_varchar = true))
            WHERE price <> 'ask'
        )
        GROUP BY row.listing_id
    )
    ORDER BY listing_id
) TO '{target}' (FORMAT parquet, COMPRESSION zstd)"""


def refine(machine, folder, sizes, figures):
    """Appends and refines files of several sizes, and then one of a hundredth of the rows."""
    place = folder / "refine"
    table, to_duckdb, peaks, increments = {}, [], [], []
    for rows in sizes.refine:
        shutil.rmtree(place, ignore_errors=True)
        (place / "lake").mkdir(parents=True)
        declaration = place / "inventory.yml"
        declaration.write_text(DECLARATION)
        base, later = place / "base.csv", place / "later.csv"
        run(PYTHON, OTHERS, "sql", ROWS.format(first=0, last=rows, file=base))
        run(PYTHON, OTHERS, "sql", ROWS.format(first=rows, last=rows + rows // 100, file=later))
        task = {"lake": place / "lake", "memory_limit": "1GiB", "threads": 2}
        append = {**task, "table": "bronze.mine_inventory"}
        found = {"append": machine.task("append-bronze", **append, **{"from": base})}
        found["refine"] = machine.task("refine-table", **task, declaration=declaration)
        machine.task("append-bronze", **append, **{"from": later})
        found["refine 1 % more"] = machine.task("refine-table", **task, declaration=declaration)
        by_hand = BY_HAND.format(file=base, target=place / "by_hand.parquet")
        found["DuckDB by hand"] = run(PYTHON, OTHERS, "sql", by_hand)
        for what, measured in found.items():
            say(f"{rows} rows: {what} {measured.figures()}")
        table[rows] = {what: measured.figures() for what, measured in found.items()}
        to_duckdb += of_rounds([found["refine"]], [found["DuckDB by hand"]], lambda one: one.wall)
        peaks.append(max(found["append"].peak_mib, found["refine"].peak_mib))
        increments.append(found["refine 1 % more"].wall / found["refine"].wall)
    figures["refine"] = {"by_rows": table}
    shutil.rmtree(place)
    named = " and ".join(f"{rows:,}" for rows in sizes.refine)
    return [
        Ratio(
            "refine/DuckDB", f"refine-table of {named} rows, to DuckDB reading the CSV file by hand", to_duckdb, "<=", 4
        ),
        Ratio("refine 1 % more", "the same of 1 % more rows, to the first", increments, "<=", 0.3),
        Ratio("peak of refine", "peak memory with --memory-limit 1GiB", peaks, "<=", 2048, " MiB"),
    ]
