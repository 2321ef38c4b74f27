"""Runs in Spark each statement that could delete files of the tables in a catalog in Postgres, and prints each with its
outcome: done, or the error."""

import datetime
import sys

from spark_catalog import session

url, warehouse, runs = sys.argv[1:4]
extensions = "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
spark = session(url, warehouse, {"spark.sql.extensions": extensions})

now = datetime.datetime.now(datetime.timezone.utc)
later = (now + datetime.timedelta(hours=1)).strftime("TIMESTAMP '%Y-%m-%d %H:%M:%S'")
two_days_ago = (now - datetime.timedelta(days=2)).strftime("TIMESTAMP '%Y-%m-%d %H:%M:%S'")
for statement in [
    "DELETE FROM lake.silver.labels_v10 WHERE label_id % 2 = 0",
    "CALL lake.system.rewrite_data_files(table => 'silver.labels_v10', options => map('rewrite-all', 'true'))",
    "CALL lake.system.rewrite_manifests('silver.labels_v10')",
    f"CALL lake.system.expire_snapshots(table => 'silver.labels_v10', older_than => {later}, retain_last => 1)",
    f"CALL lake.system.remove_orphan_files(table => 'silver.labels_v10', older_than => {two_days_ago})",
    "CALL lake.system.remove_orphan_files(table => 'silver.labels_v10', "
    f"older_than => {two_days_ago}, location => '{runs}')",
    "DROP TABLE lake.silver.masters_v1_typed PURGE",
    "DROP TABLE lake.silver.labels_v10",
]:
    try:
        spark.sql(statement).collect()
        outcome = "done"
    except Exception as error:  # Every error is an outcome.
        outcome = " ".join(str(error).split())[:1000]
    print(f"{statement.split('(')[0]}: {outcome}")
