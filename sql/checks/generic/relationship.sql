-- Selects the rows whose value refers to a missing row.
SELECT {column}, {key}
FROM {table} AS child
WHERE {column} IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM {to} AS parent WHERE parent.{field} = child.{column})
