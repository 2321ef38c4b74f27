-- severity: info
-- severity_beyond: critical
-- of: masters_v1_typed
-- max_share: 0.001
-- statement: no
-- means: master_artist_ids is not what the ids in master_artists_v1 give in order; an id of 0 is in the text, and NULL there.
-- advice: Compare the two for one of the masters shown. If many differ, the ingest of masters is wrong.
WITH pieces AS (
    SELECT master_id, position, coalesce(CAST(artist_id AS VARCHAR), '0') AS piece FROM master_artists_v1
)
SELECT masters.master_id
FROM masters_v1_typed AS masters
LEFT JOIN (
    SELECT master_id, sum(length(piece)) + count(*) - 1 AS characters FROM pieces GROUP BY master_id
) AS parts ON parts.master_id = masters.master_id
WHERE coalesce(length(masters.master_artist_ids), 0) <> coalesce(parts.characters, 0)
UNION ALL
SELECT masters.master_id
FROM masters_v1_typed AS masters
JOIN (
    SELECT
        master_id,
        piece,
        CAST(coalesce(sum(length(piece) + 1) OVER (
            PARTITION BY master_id ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) AS BIGINT) AS characters_before
    FROM pieces
) AS parts ON parts.master_id = masters.master_id
WHERE substr(masters.master_artist_ids, parts.characters_before + 1, length(parts.piece)) <> parts.piece
