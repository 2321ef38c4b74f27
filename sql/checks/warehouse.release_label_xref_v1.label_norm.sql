-- severity: critical
-- of: release_label_xref_v1
-- lower: label_norm of label_name
-- means: label_norm is not label_name in lower case.
-- advice: Build the warehouse again in a new run.
SELECT release_id, label_name, label_norm
FROM release_label_xref_v1
WHERE label_norm <> lower(label_name)
