"""Prints what pyiceberg and DuckDB read of each table in the namespace mine, at a tag and now: for each column, in order, its
name, its values and its maximum."""

import importlib.util
import pathlib
import sys

import duckdb
import pyarrow.compute as compute
from pyiceberg.catalog.sql import SqlCatalog

lake, tag = pathlib.Path(sys.argv[1]), sys.argv[2]
catalog = SqlCatalog("lake", uri=f"sqlite:///{lake}/_meta/catalog.sqlite", warehouse=f"file://{lake}/_tables")
engine = duckdb.connect()
for extension in ["avro", "httpfs", "iceberg"]:
    folder = pathlib.Path(importlib.util.find_spec(f"duckdb_extension_{extension}").submodule_search_locations[0])
    engine.load_extension(str(next(folder.rglob("*.duckdb_extension"))))


def of_duckdb(source):
    names = [row[0] for row in engine.sql(f"DESCRIBE FROM {source}").fetchall()]
    parts = ", ".join(f'count("{name}"), max("{name}")' for name in names)
    values = engine.sql(f"SELECT {parts} FROM {source}").fetchone()
    return " ".join(f"{name}:{values[2 * i]}:{values[2 * i + 1]}" for i, name in enumerate(names))


def of_arrow(table):
    return " ".join(
        f"{name}:{table.num_rows - table[name].null_count}:{compute.max(table[name]).as_py()}"
        for name in table.column_names
    )


for _, name in sorted(catalog.list_tables("mine")):
    table = catalog.load_table(("mine", name))
    old = table.refs()[tag].snapshot_id
    now = table.current_snapshot().snapshot_id
    print("pyiceberg", name, "before", of_arrow(table.scan(snapshot_id=old).to_arrow()))
    print("pyiceberg", name, "after", of_arrow(table.scan().to_arrow()))
    scan = "iceberg_scan('{}', snapshot_from_id => {})"
    print("duckdb", name, "before", of_duckdb(scan.format(table.metadata_location, old)))
    print("duckdb", name, "after", of_duckdb(scan.format(table.metadata_location, now)))
