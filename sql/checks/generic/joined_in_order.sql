-- A text is not what the rows it is made of give, one behind the other: it is longer or shorter, or one of them is not
-- where it should be.
--
-- Compared piece by piece, not joined again: that takes no more memory for a large month than for a small one.
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
JOIN (
    SELECT
        {key},
        CAST({part} AS VARCHAR) AS piece,
        CAST(coalesce(sum(length(CAST({part} AS VARCHAR)) + length({separator})) OVER (
            PARTITION BY {key} ORDER BY {order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) AS BIGINT) AS characters_before
    FROM {from}
    WHERE {part} IS NOT NULL
) AS parts ON parts.{key} = whole.{key}
WHERE substr(whole.{column}, parts.characters_before + 1, length(parts.piece)) <> parts.piece
