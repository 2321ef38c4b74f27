-- release_style_xref_v1: the styles of a release.
-- reads: release_styles_v1
SELECT DISTINCT release_id, style, lower(style) AS style_norm
FROM release_styles_v1
ORDER BY release_id, style
