-- The text of a column that the source lacks.
CAST(NULL AS VARCHAR)
