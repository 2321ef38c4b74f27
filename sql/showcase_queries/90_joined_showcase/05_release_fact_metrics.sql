-- Releases by country, joined with their artists over the name map and with their labels: how many of each.
SELECT
    releases.country,
    count(DISTINCT releases.release_id) AS releases,
    count(DISTINCT names.artist_id) AS artists,
    count(DISTINCT labels.label_norm) AS labels
FROM releases_ref_v6 AS releases
LEFT JOIN release_artists_v1 AS artists ON artists.release_id = releases.release_id
LEFT JOIN artist_name_map_v1 AS names ON names.norm_name = artists.artist_norm
LEFT JOIN release_label_xref_v1 AS labels ON labels.release_id = releases.release_id
WHERE releases.country IS NOT NULL
GROUP BY releases.country
ORDER BY releases DESC, releases.country
LIMIT 30
