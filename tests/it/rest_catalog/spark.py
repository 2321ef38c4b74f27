"""Spark over the REST catalog of a lake: reads a table of runs, and creates, changes and drops tables of its own."""

import sys

from pyspark.sql import SparkSession

url = sys.argv[1]
builder = SparkSession.builder
for key, value in {
    "spark.sql.catalog.lake": "org.apache.iceberg.spark.SparkCatalog",
    "spark.sql.catalog.lake.type": "rest",
    "spark.sql.catalog.lake.uri": url,
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
}.items():
    builder = builder.config(key, value)
spark = builder.getOrCreate()
spark.sparkContext.setLogLevel("ERROR")


def rows(sql):
    return [tuple(row) for row in spark.sql(sql).collect()]


def refused(sql):
    try:
        spark.sql(sql)
    except Exception as error:
        assert "read-only" in str(error), error
        return
    raise AssertionError(sql)


assert rows("SELECT count(*) > 0 FROM lake.silver.labels_v10") == [(True,)]
refused("ALTER TABLE lake.silver.labels_v10 SET TBLPROPERTIES ('a' = 'b')")
refused("DROP TABLE lake.silver.labels_v10")
spark.sql("CREATE NAMESPACE lake.shelf")
spark.sql("CREATE TABLE lake.shelf.books (id BIGINT, title STRING) USING iceberg PARTITIONED BY (bucket(2, id))")
spark.sql("INSERT INTO lake.shelf.books VALUES (1, 'one'), (2, 'two')")
spark.sql("CREATE TABLE lake.shelf.sold USING iceberg AS SELECT id FROM lake.shelf.books WHERE id = 1")
spark.sql("ALTER TABLE lake.shelf.books ADD COLUMN pages INT")
spark.sql("MERGE INTO lake.shelf.books AS t USING lake.shelf.sold AS s ON t.id = s.id WHEN MATCHED THEN DELETE")
spark.sql("ALTER TABLE lake.shelf.books CREATE TAG two")
spark.sql("CALL lake.system.rewrite_data_files('shelf.books')")
assert rows("SELECT id, title, pages FROM lake.shelf.books") == [(2, "two", None)]
assert rows("SELECT count(*) FROM lake.shelf.books.refs") == [(2,)]
spark.sql("CREATE OR REPLACE TABLE lake.shelf.sold USING iceberg AS SELECT 7 AS id")
assert rows("SELECT id FROM lake.shelf.sold") == [(7,)]
spark.sql("ALTER TABLE lake.shelf.sold RENAME TO shelf.gone")
spark.sql("DROP TABLE lake.shelf.gone PURGE")
spark.sql("DROP TABLE lake.shelf.books")
spark.sql("DROP NAMESPACE lake.shelf")
print("Spark is done")
