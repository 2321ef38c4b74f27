"""Reads every table of a catalog in Postgres with Spark, and prints for each version of each table its name and, separated by
bars, count(*), and count and sum of hashes of every column. DuckDB gives the same for the files, see readers.py."""

import sys

from spark_catalog import session

url, warehouse, tag = sys.argv[1:4]
names = sys.argv[4:]
spark = session(url, warehouse)


def parts(frame):
    for field in frame.schema.fields:
        name, kind = f"`{field.name}`", field.dataType.typeName()
        yield f"count({name})"
        if kind in ("long", "integer"):
            yield f"sum(CAST({name} AS DECIMAL(38, 0)))"
        elif kind == "boolean":
            yield f"sum(CASE WHEN {name} THEN 1 ELSE 0 END)"
        elif kind == "string":
            yield from (f"sum(length({name}))", f"min({name})", f"max({name})")
        else:
            yield f"sum(year({name}))"


for name in names:
    for version in (None, tag):
        reader = spark.read.option("tag", version) if version else spark.read
        frame = reader.table(f"lake.{name}")
        frame.createOrReplaceTempView("t")
        columns = ", ".join(f"coalesce(CAST({part} AS STRING), '-')" for part in parts(frame))
        row = spark.sql(f"SELECT concat_ws('|', CAST(count(*) AS STRING), {columns}) FROM t").first()
        print(f"{name}\x02{version or 'main'}\x02{row[0]}\x03")
