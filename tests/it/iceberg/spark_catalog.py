"""A session of Spark whose catalog `lake` is the one in Postgres."""

import os

from pyspark.sql import SparkSession


def session(url, warehouse, settings=None):
    """Starts Spark over the catalog at a JDBC URL, with further settings."""
    catalog = {
        "": "org.apache.iceberg.spark.SparkCatalog",
        ".type": "jdbc",
        ".uri": url,
        ".jdbc.user": "discogs",
        ".jdbc.password": os.environ["PGPASSWORD"],
        ".jdbc.schema-version": "V1",
        ".warehouse": warehouse,
    }
    settings = {**(settings or {}), **{f"spark.sql.catalog.lake{key}": value for key, value in catalog.items()}}
    builder = SparkSession.builder
    for key, value in settings.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark
