-- How many releases have an artist, one that the name map knows, a label, a style and a genre.
SELECT
    (SELECT count(*) FROM releases_ref_v6) AS releases,
    (SELECT count(DISTINCT release_id) FROM release_artists_v1) AS with_artist,
    (
        SELECT count(DISTINCT artists.release_id)
        FROM release_artists_v1 AS artists
        JOIN artist_name_map_v1 AS names ON names.norm_name = artists.artist_norm
    ) AS with_known_artist,
    (SELECT count(DISTINCT release_id) FROM release_label_xref_v1) AS with_label,
    (SELECT count(DISTINCT release_id) FROM release_style_xref_v1) AS with_style,
    (SELECT count(DISTINCT release_id) FROM release_genre_xref_v1) AS with_genre
