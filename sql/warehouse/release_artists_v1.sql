-- release_artists_v1: the names, in lower case, that a release is credited to. Sorted by name, so that the releases of
-- a name are adjacent; release_artist_credits_v1 is sorted by release.
-- reads: release_artist_credits_v1
SELECT
    release_id,
    lower(trim(BOTH ' ' FROM name)) AS artist_norm,
    min(artist_id) AS artist_id
FROM release_artist_credits_v1
WHERE name IS NOT NULL
GROUP BY release_id, lower(trim(BOTH ' ' FROM name))
ORDER BY artist_norm, release_id
