-- Selects the ids whose name differs from the name of the referenced row, with both names.
SELECT child.{column}, child.{name}, parent.name AS name_there
FROM {table} AS child
JOIN {to} AS parent ON parent.{field} = child.{column}
WHERE child.{name} <> parent.name
