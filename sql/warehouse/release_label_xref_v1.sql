-- release_label_xref_v1: the labels of a release, each with its catalogue number.
-- reads: release_labels_v1
SELECT
    release_id,
    name AS label_name,
    lower(name) AS label_norm,
    catno AS label_catno,
    min(label_id) AS label_id
FROM release_labels_v1
WHERE name IS NOT NULL
GROUP BY release_id, name, catno
ORDER BY release_id, label_name, label_catno NULLS FIRST
