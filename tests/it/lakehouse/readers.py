"""Reads tables with one of several readers of Parquet: readers.py READER TABLE_FOLDER…

Prints a JSON object: the folder → its rows and the sha256 of them, each as a line of JSON. A folder holds _dataset.json
beside the Parquet files; READER gets what docs/readers.md tells people to give it.
"""

import glob
import hashlib
import json
import sys


def by_duckdb(folder):
    import duckdb

    return duckdb.read_parquet(f"{folder}/*.parquet").to_arrow_table()


def by_pyarrow(folder):
    import pyarrow.parquet

    return pyarrow.parquet.read_table(folder)


def by_pandas(folder):
    import pandas
    import pyarrow

    frame = pandas.read_parquet(folder, dtype_backend="pyarrow")
    return pyarrow.Table.from_pandas(frame, preserve_index=False)


def by_polars(folder):
    import polars

    return polars.read_parquet(f"{folder}/*.parquet").to_arrow()


def by_datafusion(folder):
    import datafusion

    # The rows come in their order from one partition.
    context = datafusion.SessionContext(datafusion.SessionConfig().with_target_partitions(1))
    return context.read_parquet(folder).to_arrow_table()


def by_fastparquet(folder):
    import fastparquet
    import pyarrow

    frame = fastparquet.ParquetFile(sorted(glob.glob(f"{folder}/*.parquet"))).to_pandas()
    return pyarrow.Table.from_pandas(frame, preserve_index=False)


def main():
    reader = globals()[f"by_{sys.argv[1]}"]
    found = {}
    for folder in sys.argv[2:]:
        table = reader(folder)
        digest = hashlib.sha256()
        for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
            digest.update((json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n").encode())
        found[folder] = {"columns": table.column_names, "rows": table.num_rows, "sha256": digest.hexdigest()}
    print(json.dumps(found))


main()
