-- severity: critical
-- of: label_release_counts_v1
-- derived: label_release_counts_v1
-- means: The number of releases of a label is not what a recount over release_labels_v1 gives.
-- advice: Build the warehouse again in a new run.
WITH recount AS (
    SELECT lower(name) AS label_norm, count(DISTINCT release_id) AS n
    FROM release_labels_v1
    WHERE name IS NOT NULL
    GROUP BY lower(name)
)
SELECT coalesce(counts.label_norm, recount.label_norm) AS label_norm, counts.n_total_releases, recount.n
FROM label_release_counts_v1 AS counts
FULL OUTER JOIN recount ON recount.label_norm = counts.label_norm
WHERE counts.n_total_releases IS DISTINCT FROM recount.n
