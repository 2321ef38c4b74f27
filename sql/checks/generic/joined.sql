-- A text is not what the rows it is made of give: it is longer or shorter, or one of them is not in it. For rows in no
-- order; those that have one are held to it by joined_in_order.
--
-- Compared by length and by content, not joined again: that takes no more memory for a large month than for a small one.
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
