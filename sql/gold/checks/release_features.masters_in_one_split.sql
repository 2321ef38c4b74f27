-- All releases of a master are in one split: otherwise a model is tested on what it was trained on.
SELECT releases.master_id, min(built.split) AS one, max(built.split) AS other
FROM built
JOIN releases_v6 AS releases ON releases.release_id = built.release_id
WHERE releases.master_id IS NOT NULL
GROUP BY releases.master_id
HAVING min(built.split) <> max(built.split)
