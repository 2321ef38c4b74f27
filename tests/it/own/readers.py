"""Reads mine.inventory with pyiceberg and with DuckDB's iceberg extension, and prints sums of the rows, on which both
agree; and reads every earlier snapshot with pyiceberg."""

import importlib.util
import pathlib
import sys

import duckdb
from pyiceberg.catalog.sql import SqlCatalog

lake = pathlib.Path(sys.argv[1])
catalog = SqlCatalog("lake", uri=f"sqlite:///{lake}/_meta/catalog.sqlite", warehouse=f"file://{lake}/_tables")
table = catalog.load_table(("mine", "inventory"))
engine = duckdb.connect()
for extension in ["avro", "httpfs", "iceberg"]:
    folder = pathlib.Path(importlib.util.find_spec(f"duckdb_extension_{extension}").submodule_search_locations[0])
    engine.load_extension(str(next(folder.rglob("*.duckdb_extension"))))
arrow = table.scan().to_arrow()
SUMS = "count(*), sum(id), sum(price), max(title), count(grade), min(listed)"
sums = engine.sql(f"SELECT {SUMS} FROM arrow").fetchone()
found = engine.sql(f"SELECT {SUMS} FROM iceberg_scan('{table.metadata_location}')").fetchone()
assert sums == found, (sums, found)
rows = [table.scan(snapshot_id=entry.snapshot_id).to_arrow().num_rows for entry in table.history()]
assert rows == [50, 51, 49, 49], rows
assert table.scan(row_filter="listed >= '2026-03-01'").to_arrow().num_rows == sum(
    value.month == 3 for value in arrow["listed"].to_pylist()
)
print(",".join(str(value) for value in sums))
