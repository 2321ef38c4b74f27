-- The styles with the most releases.
SELECT style, count(*) AS releases
FROM release_style_xref_v1
GROUP BY style
ORDER BY releases DESC, style
LIMIT 20
