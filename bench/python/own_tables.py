"""Upserts a CSV file by listing_id with pyiceberg, or with DuckDB into a new Parquet file; or runs a statement."""

import pathlib
import sys

import duckdb

TYPES = "types = {price: 'DECIMAL(18, 2)'}"


def pyiceberg(verb, folder, file):
    import pyarrow
    from pyiceberg.catalog.sql import SqlCatalog

    folder.mkdir(exist_ok=True)
    catalog = SqlCatalog("lake", uri=f"sqlite:///{folder}/catalog.sqlite", warehouse=f"file://{folder}")
    rows = duckdb.sql(f"FROM read_csv('{file}', {TYPES})").arrow()
    rows = rows if isinstance(rows, pyarrow.Table) else rows.read_all()
    if verb == "create":
        catalog.create_namespace_if_not_exists("mine")
        catalog.create_table(("mine", "inventory"), rows.schema).append(rows)
    else:
        catalog.load_table(("mine", "inventory")).upsert(rows, join_cols=["listing_id"])


def new_file(verb, folder, file):
    folder.mkdir(exist_ok=True)
    engine = duckdb.connect(config={"threads": 2, "memory_limit": "1GB", "temp_directory": str(folder / "spill")})
    target = "(FORMAT parquet, COMPRESSION zstd)"
    rows = f"read_csv('{file}', {TYPES})"
    if verb == "create":
        engine.execute(f"COPY (FROM {rows}) TO '{folder}/inventory.parquet' {target}")
        return
    merged = f"""FROM '{folder}/inventory.parquet' ANTI JOIN {rows} AS new USING (listing_id)
        UNION ALL FROM {rows} ORDER BY listing_id"""
    engine.execute(f"COPY ({merged}) TO '{folder}/new.parquet' {target}")


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["sql", sql]:
            duckdb.execute(sql)
        case ["pyiceberg", verb, folder, file]:
            pyiceberg(verb, pathlib.Path(folder), file)
        case ["duckdb", verb, folder, file]:
            new_file(verb, pathlib.Path(folder), file)
