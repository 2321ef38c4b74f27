-- about: A release as numbers and categories for a model that predicts its genre.
-- reads: releases_v6, release_artist_credits_v1, release_extra_credits_v1, release_labels_v1, release_companies_v1, release_formats_v1, release_format_descriptions_v1, release_genres_v1, release_identifiers_v1, release_tracks_v1, release_videos_v1
-- mode: replace
-- key: release_id
-- sort: release_id
-- target: genre
-- column release_id BIGINT: The release's id; not a feature.
-- column split VARCHAR: train (80 %), validation or test (10 % each), by a hash of the master, so that all releases of a master are in one of them; not a feature.
-- column genre VARCHAR: The target: the first genre.
-- column country VARCHAR: The country.
-- column decade INTEGER: The first year of the decade.
-- column format VARCHAR: The first format.
-- column media BIGINT: The number of media.
-- column format_descriptions BIGINT: The number of descriptions of its formats, such as LP or Reissue.
-- column artists BIGINT: The number of artists that it is by.
-- column credits BIGINT: The number of credits of those who worked on it.
-- column labels BIGINT: The number of labels.
-- column companies BIGINT: The number of companies, such as pressing plants.
-- column identifiers BIGINT: The number of barcodes, matrix numbers and other marks.
-- column has_barcode BOOLEAN: Whether one of them is a barcode.
-- column tracks BIGINT: The number of tracks.
-- column track_seconds BIGINT: The length of all tracks that have one, in seconds; 0 if none has.
-- column videos BIGINT: The number of videos.
-- column notes_length INTEGER: The number of characters of the notes.
-- column label_releases BIGINT: The number of releases of its first label.
--
-- Releases without a genre are left out. Styles are no features, because most styles belong to one genre and would give the
-- target away; nor are titles, names and ids. A check finds a feature that gives it away.
WITH first_genre AS (
    SELECT release_id, genre FROM release_genres_v1 WHERE position = 1 AND genre IS NOT NULL
),
artists AS (SELECT release_id, count(*) AS n FROM release_artist_credits_v1 GROUP BY release_id),
credits AS (SELECT release_id, count(*) AS n FROM release_extra_credits_v1 GROUP BY release_id),
labels AS (SELECT release_id, count(*) AS n FROM release_labels_v1 GROUP BY release_id),
companies AS (SELECT release_id, count(*) AS n FROM release_companies_v1 GROUP BY release_id),
formats AS (SELECT release_id, CAST(sum(qty) AS BIGINT) AS media FROM release_formats_v1 GROUP BY release_id),
descriptions AS (SELECT release_id, count(*) AS n FROM release_format_descriptions_v1 GROUP BY release_id),
identifiers AS (
    SELECT release_id, count(*) AS n, max(CASE WHEN type = 'Barcode' THEN 1 ELSE 0 END) AS barcodes
    FROM release_identifiers_v1
    GROUP BY release_id
),
tracks AS (
    SELECT release_id, count(*) AS n, CAST(coalesce(sum(duration_seconds), 0) AS BIGINT) AS seconds
    FROM release_tracks_v1
    WHERE position IS NOT NULL
    GROUP BY release_id
),
videos AS (SELECT release_id, count(*) AS n FROM release_videos_v1 GROUP BY release_id),
label_sizes AS (
    SELECT label_id, count(*) AS n
    FROM (SELECT DISTINCT label_id, release_id FROM release_labels_v1) AS releases_of_labels
    GROUP BY label_id
),
hashed AS (
    -- A multiplicative hash: engines have no other in common. Releases without a master are hashed by their own id.
    SELECT release_id, (coalesce(master_id * 2, release_id * 2 + 1) * 2654435761) % 4294967296 AS hash
    FROM releases_v6
)
SELECT
    releases.release_id,
    CASE
        WHEN hashed.hash < 3435973836 THEN 'train'
        WHEN hashed.hash < 3865470566 THEN 'validation'
        ELSE 'test'
    END AS split,
    first_genre.genre,
    releases.country,
    releases.released_year - releases.released_year % 10 AS decade,
    first_format.name AS format,
    coalesce(formats.media, 0) AS media,
    coalesce(descriptions.n, 0) AS format_descriptions,
    coalesce(artists.n, 0) AS artists,
    coalesce(credits.n, 0) AS credits,
    coalesce(labels.n, 0) AS labels,
    coalesce(companies.n, 0) AS companies,
    coalesce(identifiers.n, 0) AS identifiers,
    coalesce(identifiers.barcodes, 0) = 1 AS has_barcode,
    coalesce(tracks.n, 0) AS tracks,
    coalesce(tracks.seconds, 0) AS track_seconds,
    coalesce(videos.n, 0) AS videos,
    CAST(coalesce(length(releases.notes), 0) AS INTEGER) AS notes_length,
    coalesce(label_sizes.n, 0) AS label_releases
FROM releases_v6 AS releases
JOIN first_genre ON first_genre.release_id = releases.release_id
JOIN hashed ON hashed.release_id = releases.release_id
LEFT JOIN release_formats_v1 AS first_format
    ON first_format.release_id = releases.release_id AND first_format.position = 1
LEFT JOIN release_labels_v1 AS first_label
    ON first_label.release_id = releases.release_id AND first_label.position = 1
LEFT JOIN label_sizes ON label_sizes.label_id = first_label.label_id
LEFT JOIN artists ON artists.release_id = releases.release_id
LEFT JOIN credits ON credits.release_id = releases.release_id
LEFT JOIN labels ON labels.release_id = releases.release_id
LEFT JOIN companies ON companies.release_id = releases.release_id
LEFT JOIN formats ON formats.release_id = releases.release_id
LEFT JOIN descriptions ON descriptions.release_id = releases.release_id
LEFT JOIN identifiers ON identifiers.release_id = releases.release_id
LEFT JOIN tracks ON tracks.release_id = releases.release_id
LEFT JOIN videos ON videos.release_id = releases.release_id
ORDER BY releases.release_id
