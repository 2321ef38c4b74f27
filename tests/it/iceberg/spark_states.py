"""Prints the rows of mine.prices in Spark in each of the snapshots whose ids it is given, a line for each."""

import sys

from spark_catalog import session

url, warehouse = sys.argv[1:3]
spark = session(url, warehouse)
for snapshot in sys.argv[3:]:
    rows = spark.read.option("snapshot-id", snapshot).table("lake.mine.prices").select("id", "price").collect()
    print("rows:", " ".join(f"{row.id},{row.price}" for row in sorted(rows)))
