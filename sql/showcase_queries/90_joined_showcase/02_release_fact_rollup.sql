-- Releases with their artists (by the name map) and labels, row by row.
SELECT
    releases.release_id,
    releases.title,
    releases.country,
    artists.artist_norm,
    names.artist_id,
    labels.label_name,
    labels.label_catno
FROM releases_ref_v6 AS releases
JOIN release_artists_v1 AS artists ON artists.release_id = releases.release_id
LEFT JOIN artist_name_map_v1 AS names ON names.norm_name = artists.artist_norm
LEFT JOIN release_label_xref_v1_dedup AS labels ON labels.release_id = releases.release_id
ORDER BY releases.release_id, artists.artist_norm, names.artist_id, labels.label_name
LIMIT 100
