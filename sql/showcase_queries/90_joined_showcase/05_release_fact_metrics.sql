-- Releases by country, joined with their artists (by the name map) and labels: counts of each.
SELECT
    release.country,
    count(DISTINCT release.release_id) AS releases,
    count(DISTINCT names.artist_id) AS artists,
    count(DISTINCT labels.label_norm) AS labels
FROM releases_ref_v6 AS release
LEFT JOIN release_artists_v1 AS artists ON artists.release_id = release.release_id
LEFT JOIN artist_name_map_v1 AS names ON names.norm_name = artists.artist_norm
LEFT JOIN release_label_xref_v1 AS labels ON labels.release_id = release.release_id
WHERE release.country IS NOT NULL
GROUP BY release.country
ORDER BY releases DESC, release.country
LIMIT 30
