-- All releases of a master are in one split: otherwise a model is tested on what it was trained on.
SELECT releases.master_id, count(DISTINCT built.split) AS splits
FROM built
JOIN releases_v6 AS releases ON releases.release_id = built.release_id
WHERE releases.master_id IS NOT NULL
GROUP BY releases.master_id
HAVING count(DISTINCT built.split) > 1
