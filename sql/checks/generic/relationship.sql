-- A value refers to a row that is not there. The rows whose value does.
SELECT {column}, {key}
FROM {table} AS child
WHERE {column} IS NOT NULL
  AND NOT EXISTS (SELECT 1 FROM {to} AS parent WHERE parent.{field} = child.{column})
