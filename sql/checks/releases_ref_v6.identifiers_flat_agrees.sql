-- severity: critical
-- of: releases_v6
-- statement: no
-- joined: identifiers_flat
-- from: release_identifiers_v1
-- means: identifiers_flat is not what release_identifiers_v1 gives in order: type [description] : value, joined with a semicolon and a space.
-- advice: Compare the two for one of the releases shown; ingest the releases again in a new run.
WITH pieces AS (
{pieces}
)
SELECT releases.release_id
FROM releases_ref_v6 AS releases
LEFT JOIN (
    SELECT release_id, sum(length(piece)) + (count(*) - 1) * 2 AS characters FROM pieces GROUP BY release_id
) AS parts ON parts.release_id = releases.release_id
WHERE coalesce(length(releases.identifiers_flat), 0) <> coalesce(parts.characters, 0)
UNION
SELECT releases.release_id
FROM releases_ref_v6 AS releases
JOIN (
    SELECT
        release_id,
        piece,
        CAST(coalesce(sum(length(piece) + 2) OVER (
            PARTITION BY release_id ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) AS BIGINT) AS characters_before
    FROM pieces
) AS parts ON parts.release_id = releases.release_id
WHERE substr(releases.identifiers_flat, parts.characters_before + 1, length(parts.piece)) <> parts.piece
