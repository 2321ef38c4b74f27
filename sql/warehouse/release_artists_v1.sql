-- release_artists_v1: the names, in lower case, that a release is credited to. Sorted by name, so that a name's releases
-- lie together; release_artist_credits_v1 is sorted by release.
-- reads: release_artist_credits_v1
SELECT
    release_id,
    lower(trim(name)) AS artist_norm,
    min(artist_id) AS artist_id
FROM release_artist_credits_v1
WHERE name IS NOT NULL
GROUP BY release_id, lower(trim(name))
ORDER BY artist_norm, release_id
