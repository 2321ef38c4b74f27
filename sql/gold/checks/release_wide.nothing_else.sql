-- Every row is a release.
SELECT built.release_id
FROM built
LEFT JOIN releases_v6 AS releases ON releases.release_id = built.release_id
WHERE releases.release_id IS NULL
