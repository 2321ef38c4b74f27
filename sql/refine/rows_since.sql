-- The rows to refine: those of the files that came, without rows that a compaction has written again.
CREATE OR REPLACE TEMP VIEW "source rows" AS
SELECT {columns}
FROM "appended rows"
ANTI JOIN "removed rows" USING (source_sha256, position)
