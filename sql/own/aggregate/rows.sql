-- The rows of an aggregate table: one for each group.
SELECT {columns}
FROM source
GROUP BY ALL
ORDER BY {order}
