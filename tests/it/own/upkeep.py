"""Prints the rows of mine.inventory in order, as pyiceberg and as DuckDB's iceberg extension read them, a line each."""

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
for source in ("arrow", f"iceberg_scan('{table.metadata_location}')"):
    rows = engine.sql(f"SELECT id, call FROM {source} ORDER BY ALL").fetchall()
    print(";".join(",".join(str(cell) for cell in row) for row in rows))
