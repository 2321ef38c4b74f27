-- The values that a table of the catalogue has.
LEFT JOIN {known} AS {alias} ON {alias}.known = {column}
