-- severity: info
-- beyond: critical
-- of: label_sublabels_v1
-- max_share: 0.05
-- means: A label names a sublabel that names another parent. Labels are written to the dump one after the other, so some change in between.
-- advice: If many do, ids of labels went astray; do not publish.
SELECT sublabels.label_id, sublabels.sublabel_id, labels.parent_label_id
FROM label_sublabels_v1 AS sublabels
JOIN labels_ref_v10 AS labels ON labels.label_id = sublabels.sublabel_id
WHERE labels.parent_label_id <> sublabels.label_id
