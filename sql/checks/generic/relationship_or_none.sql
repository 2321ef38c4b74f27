-- Like relationship.sql, except that one value means "no reference".
SELECT {column}, {key}
FROM {table} AS child
WHERE {column} IS NOT NULL
  AND {column} <> {none}
  AND NOT EXISTS (SELECT 1 FROM {to} AS parent WHERE parent.{field} = child.{column})
