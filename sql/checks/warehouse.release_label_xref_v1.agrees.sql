-- severity: critical
-- of: release_label_xref_v1
-- derived: release_label_xref_v1
-- means: The labels and catalogue numbers of a release are not those of release_labels_v1.
-- advice: Build the warehouse again in a new run.
(
    SELECT release_id, name, catno, min(label_id) AS label_id
    FROM release_labels_v1
    WHERE name IS NOT NULL
    GROUP BY release_id, name, catno
    EXCEPT
    SELECT release_id, label_name, label_catno, label_id FROM release_label_xref_v1
)
UNION ALL
(
    SELECT release_id, label_name, label_catno, label_id FROM release_label_xref_v1
    EXCEPT
    SELECT release_id, name, catno, min(label_id)
    FROM release_labels_v1
    WHERE name IS NOT NULL
    GROUP BY release_id, name, catno
)
