-- The rows that Trino computed, in the order of the table.
SELECT {columns}
FROM computed
ORDER BY {order}
