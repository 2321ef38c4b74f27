-- Selects the rows whose text differs from the rows it is joined of, in order: in its length, or because a piece is not at
-- its offset.
--
-- Compares piece by piece instead of joining again, so that memory does not grow with the month.
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
