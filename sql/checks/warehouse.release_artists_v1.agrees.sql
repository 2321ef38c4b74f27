-- severity: critical
-- of: release_artists_v1
-- derived: release_artists_v1
-- means: The artists of a release are not those of release_artist_credits_v1.
-- advice: Build the warehouse again in a new run.
(
    SELECT release_id, lower(trim(BOTH ' ' FROM name)) AS artist_norm, min(artist_id) AS artist_id
    FROM release_artist_credits_v1
    WHERE name IS NOT NULL
    GROUP BY release_id, lower(trim(BOTH ' ' FROM name))
    EXCEPT
    SELECT release_id, artist_norm, artist_id FROM release_artists_v1
)
UNION ALL
(
    SELECT release_id, artist_norm, artist_id FROM release_artists_v1
    EXCEPT
    SELECT release_id, lower(trim(BOTH ' ' FROM name)), min(artist_id)
    FROM release_artist_credits_v1
    WHERE name IS NOT NULL
    GROUP BY release_id, lower(trim(BOTH ' ' FROM name))
)
