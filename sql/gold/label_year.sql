-- about: A label in a year: how many releases it put out, by how many artists, in how many countries, and on which formats.
-- reads: releases_v6, release_labels_v1, release_artist_credits_v1, release_formats_v1
-- mode: replace
-- key: label_id, released_year
-- sort: label_id, released_year
-- column label_id BIGINT: The label's id.
-- column label VARCHAR: Its name on the releases of the year; the first by the alphabet if there are several.
-- column released_year INTEGER: The year.
-- column releases BIGINT: The number of its releases.
-- column artists BIGINT: The number of artists of these releases.
-- column countries BIGINT: The number of countries in which they came out.
-- column vinyl_releases BIGINT: How many of them have a Vinyl.
-- column cd_releases BIGINT: How many of them have a CD.
-- column file_releases BIGINT: How many of them are files.
--
-- Releases without a year, and labels without an id, are left out.
WITH labelled AS (
    SELECT release_labels_v1.label_id, releases_v6.release_id, released_year, country, min(name) AS name
    FROM release_labels_v1
    JOIN releases_v6 ON releases_v6.release_id = release_labels_v1.release_id
    WHERE label_id IS NOT NULL AND released_year IS NOT NULL
    GROUP BY release_labels_v1.label_id, releases_v6.release_id, released_year, country
),
kinds AS (
    SELECT
        release_id,
        max(CASE WHEN name = 'Vinyl' THEN 1 ELSE 0 END) AS vinyl,
        max(CASE WHEN name = 'CD' THEN 1 ELSE 0 END) AS cd,
        max(CASE WHEN name = 'File' THEN 1 ELSE 0 END) AS files
    FROM release_formats_v1
    GROUP BY release_id
),
artists AS (
    SELECT label_id, released_year, count(DISTINCT artist_id) AS artists
    FROM labelled
    JOIN release_artist_credits_v1 ON release_artist_credits_v1.release_id = labelled.release_id
    GROUP BY label_id, released_year
),
years AS (
    SELECT
        label_id,
        released_year,
        min(name) AS label,
        count(*) AS releases,
        count(DISTINCT country) AS countries,
        CAST(sum(coalesce(vinyl, 0)) AS BIGINT) AS vinyl_releases,
        CAST(sum(coalesce(cd, 0)) AS BIGINT) AS cd_releases,
        CAST(sum(coalesce(files, 0)) AS BIGINT) AS file_releases
    FROM labelled
    LEFT JOIN kinds ON kinds.release_id = labelled.release_id
    GROUP BY label_id, released_year
)
SELECT
    years.label_id,
    years.label,
    years.released_year,
    years.releases,
    coalesce(artists.artists, 0) AS artists,
    years.countries,
    years.vinyl_releases,
    years.cd_releases,
    years.file_releases
FROM years
LEFT JOIN artists ON artists.label_id = years.label_id AND artists.released_year = years.released_year
ORDER BY years.label_id, years.released_year
