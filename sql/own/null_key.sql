-- The first row of the input without a key.
SELECT min(rowid) + 1 FROM work.raw WHERE {is_null}
