"""Prints how many files of mine.sales pyiceberg plans to read for a range of days."""

import json
import pathlib
import sys

from pyiceberg.catalog.sql import SqlCatalog

lake, first, end = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
catalog = SqlCatalog("lake", uri=f"sqlite:///{lake}/_meta/catalog.sqlite", warehouse=f"file://{lake}/_tables")
table = catalog.load_table(("mine", "sales"))
range_of_days = table.scan(row_filter=f"sold >= '{first}' AND sold < '{end}'")
print(json.dumps({"all": len(list(table.scan().plan_files())), "files": len(list(range_of_days.plan_files()))}))
