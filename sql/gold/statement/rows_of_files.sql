-- The rows of a table's files. Files that were written before a column was added have NULL there.
CREATE OR REPLACE TEMP VIEW {name} AS
SELECT * FROM read_parquet([{files}], union_by_name = true)
