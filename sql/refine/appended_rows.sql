-- The rows to refine: those of the files that came.
CREATE OR REPLACE TEMP VIEW "source rows" AS
SELECT {columns} FROM "appended rows"
