"""Reads every table of a catalog with pyiceberg and with DuckDB's iceberg extension, and compares count(*), and count and
sum of hashes of every column, with what DuckDB reads from the Parquet files of the run."""

import importlib.util
import pathlib
import sys

import duckdb
from pyiceberg.catalog.sql import SqlCatalog

lake, run = pathlib.Path(sys.argv[1]), sys.argv[2]
catalog = SqlCatalog("lake", uri=f"sqlite:///{lake}/_meta/catalog.sqlite", warehouse=f"file://{lake}/_tables")
engine = duckdb.connect()
for extension in ["avro", "httpfs", "iceberg"]:
    folder = pathlib.Path(importlib.util.find_spec(f"duckdb_extension_{extension}").submodule_search_locations[0])
    engine.load_extension(str(next(folder.rglob("*.duckdb_extension"))))


def sums(source, columns):
    parts = [f'count("{name}"), sum(hash("{name}")::HUGEINT)' for name in columns]
    return engine.sql(f"SELECT count(*), {', '.join(parts)} FROM {source}").fetchone()


tables = 0
for namespace, folder in [("silver", ""), ("gold", "warehouse_discogs/")]:
    for _, name in catalog.list_tables(namespace):
        table = catalog.load_table((namespace, name))
        columns = [field.name for field in table.schema().fields]
        tag = table.refs()[f"run_{run}"].snapshot_id
        arrow = table.scan(snapshot_id=tag).to_arrow()
        found = {
            "pyiceberg": sums("arrow", columns),
            "duckdb": sums(f"iceberg_scan('{table.metadata_location}', snapshot_from_id => {tag})", columns),
        }
        files = lake / "_runs" / run / f"{folder}{name}"
        if not files.is_dir():
            expected = sums("arrow", columns)
            assert arrow.num_rows == 0, (name, arrow.num_rows)
        else:
            expected = sums(f"'{files}/*.parquet'", columns)
        for reader, sum_ in found.items():
            assert sum_ == expected, (reader, name, sum_, expected)
        tables += 1
print(f"{tables} tables")
