-- The labels with the most direct sublabels.
SELECT parent_label_id, max(parent_label_name) AS parent_label_name, count(*) AS sublabels
FROM labels_ref_v10
WHERE parent_label_id IS NOT NULL
GROUP BY parent_label_id
ORDER BY sublabels DESC, parent_label_id
LIMIT 20
