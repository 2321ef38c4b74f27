-- severity: critical
-- of: releases_v6
-- statement: no
-- means: credits_flat is not what release_extra_credits_v1 gives: role: name, joined with a semicolon and a space.
-- advice: Compare the two for one of the releases shown; ingest the releases again in a new run.
SELECT releases.release_id
FROM releases_ref_v6 AS releases
LEFT JOIN (
    SELECT
        release_id,
        sum(coalesce(length(role), 0) + coalesce(length(name), 0)
            + CASE WHEN role IS NOT NULL AND name IS NOT NULL THEN 2 ELSE 0 END) + (count(*) - 1) * 2 AS characters
    FROM release_extra_credits_v1
    WHERE role IS NOT NULL OR name IS NOT NULL
    GROUP BY release_id
) AS parts ON parts.release_id = releases.release_id
WHERE coalesce(length(releases.credits_flat), 0) <> coalesce(parts.characters, 0)
UNION ALL
SELECT releases.release_id
FROM releases_ref_v6 AS releases
JOIN release_extra_credits_v1 AS parts ON parts.release_id = releases.release_id
WHERE strpos(releases.credits_flat, concat(parts.role, ': ', parts.name)) = 0
    AND parts.role IS NOT NULL
    AND parts.name IS NOT NULL
