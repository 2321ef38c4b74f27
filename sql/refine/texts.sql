-- The text of each declared column, beside the rows as they came.
CREATE OR REPLACE TEMP VIEW "texts 0" AS
SELECT *, {columns} FROM "source rows"
