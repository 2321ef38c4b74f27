-- about: A release on one row: its artists, labels, formats, genres, styles, master and first track.
-- reads: releases_v6, release_artist_credits_v1, release_labels_v1, release_formats_v1, release_genres_v1, release_styles_v1, release_tracks_v1, release_identifiers_v1, masters_v1_typed
-- mode: replace
-- key: release_id
-- sort: release_id
-- slice: release_id
-- column release_id BIGINT: The release's id.
-- column title VARCHAR: Its title.
-- column artists VARCHAR: All its artists, joined.
-- column artist_id BIGINT: The first artist.
-- column artist VARCHAR: The first artist's name.
-- column labels VARCHAR: All its labels, joined.
-- column label_id BIGINT: The first label.
-- column label VARCHAR: The first label's name.
-- column catno VARCHAR: The catalogue number on the first label.
-- column country VARCHAR: The country of the release.
-- column released VARCHAR: The date of the release, as the dump has it.
-- column released_year INTEGER: The year of the release.
-- column formats VARCHAR: All its formats, joined.
-- column format VARCHAR: The first format, such as Vinyl.
-- column media BIGINT: The number of media, over all formats.
-- column genres VARCHAR: All its genres, joined.
-- column genre VARCHAR: The first genre.
-- column styles VARCHAR: All its styles, joined.
-- column style VARCHAR: The first style.
-- column master_id BIGINT: The master, if the release has one.
-- column master_title VARCHAR: The master's title.
-- column master_year BIGINT: The master's year.
-- column is_main_release BOOLEAN: Whether the release is the main one of its master.
-- column tracks BIGINT: The number of tracks; headings and index tracks have no position and do not count.
-- column first_track VARCHAR: The title of the first track.
-- column barcode VARCHAR: The first barcode.
-- column data_quality VARCHAR: How far Discogs trusts the entry.
--
-- The first of several is the one with position 1. A release without artists, labels and so on has NULL there.
WITH media AS (
    SELECT release_id, CAST(sum(qty) AS BIGINT) AS media
    FROM release_formats_v1
    GROUP BY release_id
),
tracks AS (
    SELECT release_id, count(*) AS tracks, min_by(title, sequence) FILTER (WHERE title IS NOT NULL) AS first_track
    FROM release_tracks_v1
    WHERE position IS NOT NULL
    GROUP BY release_id
),
barcodes AS (
    SELECT release_id, min_by(value, position) AS barcode
    FROM release_identifiers_v1
    WHERE type = 'Barcode' AND value IS NOT NULL
    GROUP BY release_id
)
SELECT
    releases.release_id,
    releases.title,
    releases.artists,
    first_artist.artist_id,
    first_artist.name AS artist,
    releases.labels,
    first_label.label_id,
    first_label.name AS label,
    first_label.catno,
    releases.country,
    releases.released,
    releases.released_year,
    releases.formats,
    first_format.name AS format,
    media.media,
    releases.genres,
    first_genre.genre,
    releases.styles,
    first_style.style,
    releases.master_id,
    masters.title AS master_title,
    masters.year AS master_year,
    releases.is_main_release,
    coalesce(tracks.tracks, 0) AS tracks,
    tracks.first_track,
    barcodes.barcode,
    releases.data_quality
FROM releases_v6 AS releases
LEFT JOIN release_artist_credits_v1 AS first_artist
    ON first_artist.release_id = releases.release_id AND first_artist.position = 1
LEFT JOIN release_labels_v1 AS first_label
    ON first_label.release_id = releases.release_id AND first_label.position = 1
LEFT JOIN release_formats_v1 AS first_format
    ON first_format.release_id = releases.release_id AND first_format.position = 1
LEFT JOIN release_genres_v1 AS first_genre
    ON first_genre.release_id = releases.release_id AND first_genre.position = 1
LEFT JOIN release_styles_v1 AS first_style
    ON first_style.release_id = releases.release_id AND first_style.position = 1
LEFT JOIN media ON media.release_id = releases.release_id
LEFT JOIN tracks ON tracks.release_id = releases.release_id
LEFT JOIN barcodes ON barcodes.release_id = releases.release_id
LEFT JOIN masters_v1_typed AS masters ON masters.master_id = releases.master_id
ORDER BY releases.release_id
