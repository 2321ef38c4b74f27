"""Does to a table of the lake what its words say, with pyiceberg: append, tag NAME POSITION, rename COLUMN
NAME, drop or purge."""

import pathlib
import sys

from pyiceberg.catalog.sql import SqlCatalog

lake, action, name = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
catalog = SqlCatalog("lake", uri=f"sqlite:///{lake}/_meta/catalog.sqlite", warehouse=f"file://{lake}/_tables")
table = catalog.load_table(name)
if action == "append":
    table.append(table.scan(limit=1).to_arrow())
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
