-- Every release with a genre is there, and no other.
SELECT found.n AS found, expected.n AS expected
FROM (SELECT count(*) AS n FROM built) AS found
CROSS JOIN (SELECT count(*) AS n FROM release_genres_v1 WHERE position = 1 AND genre IS NOT NULL) AS expected
WHERE found.n <> expected.n
