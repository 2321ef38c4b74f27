-- Rows whose reference leads nowhere.
SELECT count(*)
FROM exported.{table} AS child
WHERE {given} AND NOT EXISTS (SELECT 1 FROM exported.{other} AS parent WHERE {agrees})
