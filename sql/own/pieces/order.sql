-- The order of rows.
ORDER BY {columns}
