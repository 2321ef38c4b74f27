-- The name beside an id is not the name of the row with that id. The ids, with both names.
SELECT child.{column}, child.{name}, parent.name AS name_there
FROM {table} AS child
JOIN {to} AS parent ON parent.{field} = child.{column}
WHERE child.{name} <> parent.name
