"""Prints how many files pyiceberg and DuckDB's iceberg extension read of a sorted table for one value of its sort column."""

import importlib.util
import json
import pathlib
import re
import sys

import duckdb
from pyiceberg.catalog.sql import SqlCatalog

lake, point = pathlib.Path(sys.argv[1]), int(sys.argv[2])
catalog = SqlCatalog("lake", uri=f"sqlite:///{lake}/_meta/catalog.sqlite", warehouse=f"file://{lake}/_tables")
table = catalog.load_table(("mine", "sorted"))
engine = duckdb.connect()
for extension in ["avro", "httpfs", "iceberg"]:
    folder = pathlib.Path(importlib.util.find_spec(f"duckdb_extension_{extension}").submodule_search_locations[0])
    engine.load_extension(str(next(folder.rglob("*.duckdb_extension"))))


def planned(scan):
    files = [task.file for task in scan.plan_files()]
    return {"files": len(files), "bytes": sum(file.file_size_in_bytes for file in files)}


one = table.scan(row_filter=f"id = {point}")
query = f"SELECT * FROM iceberg_scan('{table.metadata_location}') WHERE id = {point}"
plan = engine.sql(f"EXPLAIN ANALYZE {query}").fetchall()[0][1]
read = re.search(r"Total Files Read: (\d+)", plan)
assert read, plan
print(
    json.dumps(
        {
            "all": planned(table.scan()),
            "pyiceberg": planned(one),
            "duckdb": int(read[1]),
            "rows": one.to_arrow().num_rows,
        }
    )
)
