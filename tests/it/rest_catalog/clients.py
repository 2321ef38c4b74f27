"""Uses the REST catalog of a lake as a client: pyiceberg, duckdb, or one of several writers that append rows to a table."""

import importlib.util
import pathlib
import sys

import duckdb
import pyarrow
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    ForbiddenError,
    NamespaceAlreadyExistsError,
    NamespaceNotEmptyError,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.types import IntegerType, LongType

part, url = sys.argv[1], sys.argv[2]


def refused(error, call, *arguments):
    """Expects that a call raises an error."""
    try:
        call(*arguments)
    except error:
        return
    raise AssertionError(f"{call} {arguments} did not raise {error}")


def books(first, *titles):
    ids = pyarrow.array(range(first, first + len(titles)), pyarrow.int64())
    return pyarrow.table({"id": ids, "title": list(titles)})


def uses_pyiceberg():
    catalog = RestCatalog("lake", uri=url)
    assert ("silver",) in catalog.list_namespaces()
    catalog.create_namespace_if_not_exists("mine")
    labels = catalog.load_table("silver.labels_v10")
    assert labels.scan().count() > 0
    refused(ForbiddenError, labels.append, labels.scan(limit=1).to_arrow())
    refused(ForbiddenError, catalog.drop_table, "silver.labels_v10")
    refused(ForbiddenError, catalog.purge_table, "silver.labels_v10")
    refused(ForbiddenError, catalog.rename_table, "silver.labels_v10", "mine.labels")
    refused(ForbiddenError, catalog.create_table, "silver.mine", books(1, "x").schema)
    assert catalog.load_table("silver.labels_v10").scan().count() == labels.scan().count()

    catalog.create_namespace("shelf", {"owner": "me"})
    refused(NamespaceAlreadyExistsError, catalog.create_namespace, "shelf")
    assert catalog.load_namespace_properties("shelf")["owner"] == "me"
    catalog.update_namespace_properties("shelf", removals={"owner"}, updates={"a": "b"})
    refused(NoSuchNamespaceError, catalog.list_tables, "none")

    table = catalog.create_table("shelf.books", books(1, "x").schema)
    refused(TableAlreadyExistsError, catalog.create_table, "shelf.books", books(1, "x").schema)
    table.append(books(1, "one", "two"))
    table.overwrite(books(3, "three"), overwrite_filter="id = 3")
    with table.update_schema() as update:
        update.add_column("year", IntegerType())
        update.rename_column("title", "name")
    with table.update_spec() as update:
        update.add_identity("year")
    table.append(pyarrow.table({"id": [4], "name": ["four"], "year": pyarrow.array([1999], pyarrow.int32())}))
    table.manage_snapshots().create_tag(table.current_snapshot().snapshot_id, "four").commit()
    table.delete("id = 4")
    with table.transaction() as transaction:
        transaction.set_properties(owner="me")
        transaction.append(pyarrow.table({"id": [5], "name": ["five"], "year": pyarrow.array([2001], pyarrow.int32())}))
    stale = catalog.load_table("shelf.books")
    with stale.update_schema() as update:
        update.add_column("more", LongType())
    found = catalog.load_table("shelf.books")
    assert sorted(found.scan().to_arrow()["id"].to_pylist()) == [1, 2, 3, 5]
    assert found.properties["owner"] == "me" and "four" in found.refs()
    tagged = found.scan(snapshot_id=found.refs()["four"].snapshot_id).to_arrow()
    assert sorted(tagged["id"].to_pylist()) == [1, 2, 3, 4]
    refused(NamespaceNotEmptyError, catalog.drop_namespace, "shelf")
    catalog.rename_table("shelf.books", "shelf.volumes")
    refused(NoSuchTableError, catalog.load_table, "shelf.books")
    assert catalog.load_table("shelf.volumes").scan().count() == 4
    location = pathlib.Path(catalog.load_table("shelf.volumes").location().removeprefix("file://"))
    assert location.is_dir()
    catalog.purge_table("shelf.volumes")
    assert not location.exists()

    with catalog.create_table_transaction("shelf.staged", books(1, "x").schema) as transaction:
        transaction.append(books(1, "one"))
    staged = catalog.load_table("shelf.staged")
    assert staged.scan().count() == 1
    catalog.drop_table("shelf.staged")
    registered = catalog.register_table("shelf.again", staged.metadata_location)
    assert registered.scan().count() == 1
    catalog.drop_table("shelf.again")
    catalog.drop_namespace("shelf")
    for number, location in enumerate(["file:///tmp/elsewhere", "s3://bucket/elsewhere"]):
        refused(Exception, catalog.create_table, f"mine.elsewhere{number}", books(1, "x").schema, location)

    catalog.create_table("mine.books", books(1, "x").schema).append(books(1, "one", "two", "three"))
    print("pyiceberg is done")


def attached():
    engine = duckdb.connect()
    for extension in ["avro", "httpfs", "iceberg"]:
        folder = pathlib.Path(importlib.util.find_spec(f"duckdb_extension_{extension}").submodule_search_locations[0])
        engine.load_extension(str(next(folder.rglob("*.duckdb_extension"))))
    engine.sql(f"ATTACH '' AS lake (TYPE iceberg, ENDPOINT '{url}', AUTHORIZATION_TYPE 'none')")
    return engine


def uses_duckdb():
    engine = attached()

    def rows(sql):
        return engine.sql(sql).fetchall()

    labels = RestCatalog("lake", uri=url).load_table("silver.labels_v10").scan().count()
    assert rows("SELECT count(*) FROM lake.silver.labels_v10") == [(labels,)]
    refused(duckdb.Error, engine.execute, "DELETE FROM lake.silver.labels_v10")
    refused(duckdb.Error, engine.execute, "CREATE TABLE lake.silver.mine (id BIGINT)")
    engine.execute("CREATE SCHEMA lake.shelf")
    engine.execute("CREATE TABLE lake.shelf.books (id BIGINT, title VARCHAR)")
    engine.execute("INSERT INTO lake.shelf.books VALUES (1, 'one'), (2, 'two')")
    assert rows("SELECT * FROM lake.shelf.books ORDER BY id") == [(1, "one"), (2, "two")]
    engine.execute("CREATE TABLE lake.shelf.sold (id BIGINT)")
    # Two tables in one transaction: transactions/commit.
    engine.execute("BEGIN")
    engine.execute("INSERT INTO lake.shelf.sold SELECT id FROM lake.shelf.books WHERE id = 1")
    engine.execute("INSERT INTO lake.shelf.books VALUES (3, 'three')")
    engine.execute("COMMIT")
    assert rows("SELECT count(*), (SELECT count(*) FROM lake.shelf.sold) FROM lake.shelf.books") == [(3, 1)]
    engine.execute("BEGIN")
    engine.execute("INSERT INTO lake.shelf.books VALUES (4, 'four')")
    engine.execute("ROLLBACK")
    engine.execute("UPDATE lake.shelf.books SET title = 'II' WHERE id = 2")
    engine.execute("DELETE FROM lake.shelf.books WHERE id = 1")
    again = attached()
    assert again.sql("SELECT * FROM lake.shelf.books ORDER BY id").fetchall() == [(2, "II"), (3, "three")]
    again.execute("DROP TABLE lake.shelf.sold")
    again.execute("DROP TABLE lake.shelf.books")
    again.execute("DROP SCHEMA lake.shelf")
    print("DuckDB is done")


def appends(table, writer, commits):
    """Appends rows to a table, each in a commit of its own, until the catalog takes it."""
    catalog = RestCatalog("lake", uri=url)
    overtaken = 0
    for number in range(int(commits)):
        row = books(int(writer) * 1000 + number, f"of {writer}")
        while True:
            try:
                catalog.load_table(table).append(row)
                break
            except CommitFailedException:
                overtaken += 1
    print(f"overtaken {overtaken} times")


if part == "pyiceberg":
    uses_pyiceberg()
elif part == "duckdb":
    uses_duckdb()
elif part == "create":
    catalog = RestCatalog("lake", uri=url)
    catalog.create_namespace_if_not_exists("mine")
    catalog.create_table(sys.argv[3], books(1, "x").schema)
elif part == "ids":
    ids = RestCatalog("lake", uri=url).load_table(sys.argv[3]).scan().to_arrow()["id"].to_pylist()
    print(" ".join(str(number) for number in sorted(ids)))
else:
    appends(*sys.argv[3:])
