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
WITH kinds AS (
    SELECT
        release_id,
        max(CASE WHEN name = 'Vinyl' THEN 1 ELSE 0 END) AS vinyl,
        max(CASE WHEN name = 'CD' THEN 1 ELSE 0 END) AS cd,
        max(CASE WHEN name = 'File' THEN 1 ELSE 0 END) AS files
    FROM release_formats_v1
    GROUP BY release_id
),
years AS (
    SELECT
        label_id,
        released_year,
        count(*) AS releases,
        CAST(sum(coalesce(vinyl, 0)) AS BIGINT) AS vinyl_releases,
        CAST(sum(coalesce(cd, 0)) AS BIGINT) AS cd_releases,
        CAST(sum(coalesce(files, 0)) AS BIGINT) AS file_releases
    FROM (SELECT DISTINCT label_id, release_id FROM release_labels_v1 WHERE label_id IS NOT NULL) AS labelled
    JOIN releases_v6 ON releases_v6.release_id = labelled.release_id
    LEFT JOIN kinds ON kinds.release_id = labelled.release_id
    WHERE released_year IS NOT NULL
    GROUP BY label_id, released_year
),
names AS (
    SELECT label_id, released_year, min(name) AS label
    FROM release_labels_v1
    JOIN releases_v6 ON releases_v6.release_id = release_labels_v1.release_id
    WHERE label_id IS NOT NULL AND released_year IS NOT NULL
    GROUP BY label_id, released_year
),
artists AS (
    SELECT label_id, released_year, count(*) AS artists
    FROM (
        SELECT DISTINCT label_id, released_year, artist_id
        FROM release_labels_v1
        JOIN releases_v6 ON releases_v6.release_id = release_labels_v1.release_id
        JOIN release_artist_credits_v1 ON release_artist_credits_v1.release_id = release_labels_v1.release_id
        WHERE label_id IS NOT NULL AND released_year IS NOT NULL AND artist_id IS NOT NULL
    ) AS artists_of_labels
    GROUP BY label_id, released_year
),
countries AS (
    SELECT label_id, released_year, count(*) AS countries
    FROM (
        SELECT DISTINCT label_id, released_year, country
        FROM release_labels_v1
        JOIN releases_v6 ON releases_v6.release_id = release_labels_v1.release_id
        WHERE label_id IS NOT NULL AND released_year IS NOT NULL AND country IS NOT NULL
    ) AS countries_of_labels
    GROUP BY label_id, released_year
)
SELECT
    years.label_id,
    names.label,
    years.released_year,
    years.releases,
    coalesce(artists.artists, 0) AS artists,
    coalesce(countries.countries, 0) AS countries,
    years.vinyl_releases,
    years.cd_releases,
    years.file_releases
FROM years
JOIN names ON names.label_id = years.label_id AND names.released_year = years.released_year
LEFT JOIN artists ON artists.label_id = years.label_id AND artists.released_year = years.released_year
LEFT JOIN countries ON countries.label_id = years.label_id AND countries.released_year = years.released_year
ORDER BY years.label_id, years.released_year
