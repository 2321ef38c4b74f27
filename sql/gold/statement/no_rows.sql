-- A table without rows.
CREATE OR REPLACE TEMP VIEW {name} AS SELECT {columns} WHERE false
