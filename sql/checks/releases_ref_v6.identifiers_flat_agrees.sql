-- severity: critical
-- of: releases_v6
-- statement: no
-- means: identifiers_flat lacks a mark or a kind of mark that release_identifiers_v1 has, or has one where there is none.
-- advice: Compare the two for one of the releases shown; ingest the releases again in a new run.
SELECT releases.release_id
FROM releases_ref_v6 AS releases
JOIN release_identifiers_v1 AS parts ON parts.release_id = releases.release_id
WHERE strpos(coalesce(releases.identifiers_flat, ''), coalesce(parts.value, '')) = 0
    OR strpos(coalesce(releases.identifiers_flat, ''), coalesce(parts.type, '')) = 0
    OR strpos(coalesce(releases.identifiers_flat, ''), coalesce(parts.description, '')) = 0
UNION ALL
SELECT releases.release_id
FROM releases_ref_v6 AS releases
LEFT JOIN (
    SELECT
        release_id,
        sum(coalesce(length(type), 0) + coalesce(length(description), 0) + coalesce(length(value), 0)) AS characters
    FROM release_identifiers_v1
    GROUP BY release_id
) AS parts ON parts.release_id = releases.release_id
WHERE coalesce(length(releases.identifiers_flat), 0) < coalesce(parts.characters, 0)
    OR (releases.identifiers_flat IS NOT NULL AND coalesce(parts.characters, 0) = 0)
