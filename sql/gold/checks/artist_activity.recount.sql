-- The releases of all artists are as many as their credits, each release counted once for an artist.
SELECT found.n AS found, expected.n AS expected
FROM (SELECT coalesce(sum(releases), 0) AS n FROM built) AS found
CROSS JOIN (
    SELECT count(*) AS n
    FROM (SELECT DISTINCT artist_id, release_id FROM release_artist_credits_v1) AS credits
    JOIN artists_v1_typed ON artists_v1_typed.artist_id = credits.artist_id
) AS expected
WHERE found.n <> expected.n
