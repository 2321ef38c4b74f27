-- label_release_counts_v1: the number of releases of each label, by its name in lower case.
-- reads: release_label_xref_v1
SELECT
    label_norm,
    min(label_name) AS label_name_sample,
    count(DISTINCT release_id) AS n_total_releases
FROM release_label_xref_v1
GROUP BY label_norm
ORDER BY label_norm
