-- The reason for which a column rejects a row, the first of several.
CASE {cases} END
