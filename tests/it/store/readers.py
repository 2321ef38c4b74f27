"""Reads every table of a catalog over S3 with pyiceberg and with DuckDB's iceberg extension, and compares count(*), and count
and sum of hashes of every column, with what DuckDB reads from the local Parquet files of the run."""

import importlib.util
import os
import pathlib
import sys

import duckdb
from pyiceberg.catalog.sql import SqlCatalog

lake, run, endpoint = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
key, secret = os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"]
catalog = SqlCatalog(
    "lake",
    uri=f"sqlite:///{lake}/_meta/catalog.sqlite",
    **{
        "s3.endpoint": endpoint,
        "s3.region": "us-east-1",
        "s3.access-key-id": key,
        "s3.secret-access-key": secret,
        "py-io-impl": "pyiceberg.io.pyarrow.PyArrowFileIO",
    },
)
engine = duckdb.connect()
for extension in ["avro", "httpfs", "iceberg"]:
    folder = pathlib.Path(importlib.util.find_spec(f"duckdb_extension_{extension}").submodule_search_locations[0])
    engine.load_extension(str(next(folder.rglob("*.duckdb_extension"))))
server = endpoint.removeprefix("http://")
engine.execute(
    f"CREATE SECRET s (TYPE s3, KEY_ID '{key}', SECRET '{secret}', REGION 'us-east-1', ENDPOINT '{server}', "
    "URL_STYLE 'path', USE_SSL false)"
)


def sums(source, columns):
    parts = [f'count("{name}"), sum(hash("{name}")::HUGEINT)' for name in columns]
    return engine.sql(f"SELECT count(*), {', '.join(parts)} FROM {source}").fetchone()


tables = 0
for namespace, folder in [("silver", ""), ("gold", "warehouse_discogs/")]:
    for _, name in catalog.list_tables(namespace):
        table = catalog.load_table((namespace, name))
        assert table.metadata_location.startswith("s3://lake/discogs/_tables/"), table.metadata_location
        columns = [field.name for field in table.schema().fields]
        tag = table.refs()[f"run_{run}"].snapshot_id
        arrow = table.scan(snapshot_id=tag).to_arrow()
        found = {
            "pyiceberg": sums("arrow", columns),
            "duckdb": sums(f"iceberg_scan('{table.metadata_location}', snapshot_from_id => {tag})", columns),
        }
        files = lake / "_runs" / run / f"{folder}{name}"
        if not files.is_dir():
            assert arrow.num_rows == 0, (name, arrow.num_rows)
            continue
        expected = sums(f"'{files}/*.parquet'", columns)
        for reader, sum_ in found.items():
            assert sum_ == expected, (reader, name, sum_, expected)
        tables += 1
assert tables > 20, tables
print(f"{tables} tables")
