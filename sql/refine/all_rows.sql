-- The rows to refine: all of the source, and those of the refined table that the source no longer has.
CREATE OR REPLACE TEMP VIEW "source rows" AS
SELECT {columns} FROM "appended rows"
UNION ALL
SELECT {columns}
FROM "kept rows"
ANTI JOIN "appended rows" USING (source_sha256, position)
