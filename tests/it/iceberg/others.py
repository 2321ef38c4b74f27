"""Does to a table of the lake what its words say, with pyiceberg: append, tag, drop or purge."""

import pathlib
import sys

from pyiceberg.catalog.sql import SqlCatalog

lake, action, name = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
catalog = SqlCatalog("lake", uri=f"sqlite:///{lake}/_meta/catalog.sqlite", warehouse=f"file://{lake}/_tables")
table = catalog.load_table(name)
if action == "append":
    table.append(table.scan(limit=1).to_arrow())
elif action == "tag":
    table.manage_snapshots().create_tag(table.current_snapshot().snapshot_id, sys.argv[4]).commit()
elif action == "expire":
    table.maintenance.expire_snapshots().by_ids([s.snapshot_id for s in table.snapshots()]).commit()
elif action == "drop":
    catalog.drop_table(name)
elif action == "purge":
    catalog.purge_table(name)
else:
    sys.exit(f"{action}?")
