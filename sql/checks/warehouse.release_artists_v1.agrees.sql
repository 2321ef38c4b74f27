-- severity: critical
-- of: release_artists_v1
-- means: The artists of a release are not those of release_artist_credits_v1.
-- advice: Build the warehouse again in a new run.
(
    SELECT release_id, lower(trim(name)) AS artist_norm FROM release_artist_credits_v1 WHERE name IS NOT NULL
    EXCEPT
    SELECT release_id, artist_norm FROM release_artists_v1
)
UNION ALL
(
    SELECT release_id, artist_norm FROM release_artists_v1
    EXCEPT
    SELECT release_id, lower(trim(name)) FROM release_artist_credits_v1
)
