-- release_label_xref_v1_canon: the labels of a release, each in the spelling of label_release_counts_v1.
SELECT xref.release_id, counts.label_name_sample AS label_name, xref.label_norm, xref.label_catno, xref.label_id
FROM release_label_xref_v1 AS xref
JOIN label_release_counts_v1 AS counts ON counts.label_norm = xref.label_norm
