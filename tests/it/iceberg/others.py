"""Does to a table of the lake what its words say, with pyiceberg: append, create FILES, add-files FILES, tag NAME POSITION,
rename COLUMN NAME, drop, purge, or rows, which prints each row of the table."""

import pathlib
import sys

import pyarrow
import pyarrow.parquet
from pyiceberg.catalog.sql import SqlCatalog

lake, action, name = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
catalog = SqlCatalog("lake", uri=f"sqlite:///{lake}/_meta/catalog.sqlite", warehouse=f"file://{lake}/_tables")
if action in ("create", "add-files"):
    catalog.create_namespace_if_not_exists(name.split(".")[0])
    parts = [{"id": [number, number + 10], "name": [f"of {number}", None]} for number in range(int(sys.argv[4]))]
    parts = [pyarrow.table(part) for part in parts]
    created = catalog.create_table(name, parts[0].schema)
    if action == "create":
        for part in parts:
            created.append(part)
    else:
        files = [str(lake / "_tables" / f"{name}-{number}.parquet") for number in range(len(parts))]
        for file, part in zip(files, parts, strict=True):
            pyarrow.parquet.write_table(part, file)
        created.add_files(files)
    sys.exit()
table = catalog.load_table(name)
if action == "append":
    table.append(table.scan(limit=1).to_arrow())
elif action == "rows":
    print("\n".join(sorted(str(row) for row in table.scan().to_arrow().to_pylist())))
elif action == "tag":
    snapshots = [entry.snapshot_id for entry in table.history()]
    table.manage_snapshots().create_tag(snapshots[int(sys.argv[5])], sys.argv[4]).commit()
elif action == "rename":
    with table.update_schema() as update:
        update.rename_column(sys.argv[4], sys.argv[5])
elif action == "drop":
    catalog.drop_table(name)
elif action == "purge":
    catalog.purge_table(name)
else:
    sys.exit(f"{action}?")
