-- severity: critical
-- of: release_style_xref_v1
-- same_set: style as release_styles_v1.style
-- means: The styles of a release are not those of release_styles_v1.
-- advice: Build the warehouse again in a new run.
(SELECT release_id, style FROM release_styles_v1 EXCEPT SELECT release_id, style FROM release_style_xref_v1)
UNION ALL
(SELECT release_id, style FROM release_style_xref_v1 EXCEPT SELECT release_id, style FROM release_styles_v1)
