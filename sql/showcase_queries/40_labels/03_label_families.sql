-- Families of labels: a label with its sublabels, up to three levels down, and their releases together.
WITH family AS (
    SELECT label_id AS head_id, label_id FROM labels_ref_v10 WHERE parent_label_id IS NULL
    UNION ALL
    SELECT one.parent_label_id, one.label_id
    FROM labels_ref_v10 AS one
    JOIN labels_ref_v10 AS head ON head.label_id = one.parent_label_id
    WHERE head.parent_label_id IS NULL
    UNION ALL
    SELECT one.parent_label_id, two.label_id
    FROM labels_ref_v10 AS two
    JOIN labels_ref_v10 AS one ON one.label_id = two.parent_label_id
    JOIN labels_ref_v10 AS head ON head.label_id = one.parent_label_id
    WHERE head.parent_label_id IS NULL
    UNION ALL
    SELECT one.parent_label_id, three.label_id
    FROM labels_ref_v10 AS three
    JOIN labels_ref_v10 AS two ON two.label_id = three.parent_label_id
    JOIN labels_ref_v10 AS one ON one.label_id = two.parent_label_id
    JOIN labels_ref_v10 AS head ON head.label_id = one.parent_label_id
    WHERE head.parent_label_id IS NULL
)
SELECT
    head.label_id,
    head.name,
    count(DISTINCT family.label_id) AS labels,
    count(DISTINCT releases.release_id) AS releases
FROM family
JOIN labels_ref_v10 AS head ON head.label_id = family.head_id
LEFT JOIN release_labels_v1 AS releases ON releases.label_id = family.label_id
GROUP BY head.label_id, head.name
HAVING count(DISTINCT family.label_id) > 1
ORDER BY labels DESC, head.label_id
LIMIT 20
