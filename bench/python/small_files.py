"""Makes a table of many small files with pyiceberg: appends whose rows are split at a small target size.

small_files.py CATALOG_URI WAREHOUSE TABLE FILES ROWS_A_FILE
"""

import sys

import duckdb
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.transforms import IdentityTransform

# pyiceberg takes the square of this time to pack the files of an append.
FILES_AN_APPEND = 250

ROWS = """SELECT
    hash(range) % 100000000 AS listing_id, hash(range + 1) % 19000000 AS release_id,
    (hash(range + 2) % 10000 / 100)::DECIMAL(18, 2) AS price, 'Title of ' || range AS title
FROM range({start}, {stop})"""

uri, warehouse, name, files, rows = (*sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5]))
catalog = SqlCatalog("lake", uri=uri, warehouse=warehouse)
catalog.create_namespace_if_not_exists("mine")
made = 0
while made < files:
    some = min(FILES_AN_APPEND, files - made)
    sql = ROWS.format(start=made * rows, stop=(made + some) * rows)
    # Signed, because Iceberg has no unsigned numbers.
    part = duckdb.sql(
        f"SELECT * REPLACE (listing_id::BIGINT AS listing_id, release_id::BIGINT AS release_id) FROM ({sql})"
    )
    part = part.arrow()
    part = part if hasattr(part, "nbytes") else part.read_all()
    if made == 0:
        table = catalog.create_table(name, part.schema)
        with table.update_sort_order() as order:
            order.asc("listing_id", IdentityTransform())
    # pyiceberg splits what it appends at this many bytes in memory.
    with table.transaction() as transaction:
        transaction.set_properties({"write.target-file-size-bytes": str(part.nbytes * rows // part.num_rows)})
    table.append(part)
    made += some
# The writers that follow have sizes of their own.
with table.transaction() as transaction:
    transaction.remove_properties("write.target-file-size-bytes")
print(table.inspect.files().num_rows)
