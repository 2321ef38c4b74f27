-- The numbers of releases with an artist, an artist in the name map, a label, a style and a genre.
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
