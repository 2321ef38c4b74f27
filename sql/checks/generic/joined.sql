-- Selects the rows whose text differs from the rows it is joined of: in its length, or because one of them is not in it.
-- For rows without an order; joined_in_order.sql also compares the order.
--
-- Compares lengths and contents instead of joining again, so that memory does not grow with the month.
SELECT whole.{key}
FROM {table} AS whole
LEFT JOIN (
    SELECT {key}, sum(length(CAST({part} AS VARCHAR))) + (count(*) - 1) * length({separator}) AS characters
    FROM {from}
    WHERE {part} IS NOT NULL
    GROUP BY {key}
) AS parts ON parts.{key} = whole.{key}
WHERE coalesce(length(whole.{column}), 0) <> coalesce(parts.characters, 0)
UNION
SELECT whole.{key}
FROM {table} AS whole
JOIN {from} AS parts ON parts.{key} = whole.{key}
WHERE strpos(whole.{column}, CAST(parts.{part} AS VARCHAR)) = 0
