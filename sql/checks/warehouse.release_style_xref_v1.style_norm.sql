-- severity: critical
-- of: release_style_xref_v1
-- lower: style_norm of style
-- means: style_norm is not style in lower case.
-- advice: Build the warehouse again in a new run.
SELECT release_id, style, style_norm
FROM release_style_xref_v1
WHERE style_norm <> lower(style)
