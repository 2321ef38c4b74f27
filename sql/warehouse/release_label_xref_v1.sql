-- release_label_xref_v1: the labels of a release, each with its catalogue number. Sorted by label, so that the
-- releases of a label are adjacent; release_labels_v1 is sorted by release.
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
ORDER BY label_name, release_id, label_catno NULLS FIRST
