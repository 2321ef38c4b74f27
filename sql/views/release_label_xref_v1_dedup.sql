-- release_label_xref_v1_dedup: each label of a release once, with its first catalogue number.
SELECT
    release_id,
    min(label_name) AS label_name,
    label_norm,
    min(label_catno) AS label_catno,
    min(label_id) AS label_id
FROM release_label_xref_v1
GROUP BY release_id, label_norm
