-- about: An artist's work: releases, credits, labels, and the years from the first to the last.
-- reads: artists_v1_typed, releases_v6, release_artist_credits_v1, release_extra_credits_v1, release_labels_v1
-- mode: replace
-- key: artist_id
-- sort: artist_id
-- column artist_id BIGINT: The artist's id.
-- column artist VARCHAR: The artist's name.
-- column releases BIGINT: The number of releases that are by the artist.
-- column masters BIGINT: The number of masters of these releases.
-- column credited_releases BIGINT: The number of releases that the artist worked on, as producer and so on.
-- column labels BIGINT: The number of labels of the artist's releases.
-- column first_year INTEGER: The year of the first release.
-- column last_year INTEGER: The year of the last.
-- column active_years BIGINT: The number of years with a release.
--
-- Artists without a release or a credit are left out, among them those whom releases name without having an entry.
WITH by_artist AS (
    SELECT DISTINCT artist_id, release_id
    FROM release_artist_credits_v1
    WHERE artist_id IS NOT NULL
),
released AS (
    SELECT artist_id, count(*) AS releases, min(released_year) AS first_year, max(released_year) AS last_year
    FROM by_artist
    JOIN releases_v6 ON releases_v6.release_id = by_artist.release_id
    GROUP BY artist_id
),
mastered AS (
    SELECT artist_id, count(*) AS masters
    FROM (
        SELECT DISTINCT artist_id, master_id
        FROM by_artist
        JOIN releases_v6 ON releases_v6.release_id = by_artist.release_id
        WHERE master_id IS NOT NULL
    ) AS masters_of_artists
    GROUP BY artist_id
),
active AS (
    SELECT artist_id, count(*) AS active_years
    FROM (
        SELECT DISTINCT artist_id, released_year
        FROM by_artist
        JOIN releases_v6 ON releases_v6.release_id = by_artist.release_id
        WHERE released_year IS NOT NULL
    ) AS years_of_artists
    GROUP BY artist_id
),
labelled AS (
    SELECT artist_id, count(*) AS labels
    FROM (
        SELECT DISTINCT artist_id, label_id
        FROM by_artist
        JOIN release_labels_v1 ON release_labels_v1.release_id = by_artist.release_id
        WHERE label_id IS NOT NULL
    ) AS labels_of_artists
    GROUP BY artist_id
),
credited AS (
    SELECT artist_id, count(*) AS credited_releases
    FROM (
        SELECT DISTINCT artist_id, release_id
        FROM release_extra_credits_v1
        WHERE artist_id IS NOT NULL
    ) AS credits_of_artists
    GROUP BY artist_id
)
SELECT
    artists.artist_id,
    artists.name AS artist,
    coalesce(released.releases, 0) AS releases,
    coalesce(mastered.masters, 0) AS masters,
    coalesce(credited.credited_releases, 0) AS credited_releases,
    coalesce(labelled.labels, 0) AS labels,
    released.first_year,
    released.last_year,
    coalesce(active.active_years, 0) AS active_years
FROM artists_v1_typed AS artists
LEFT JOIN released ON released.artist_id = artists.artist_id
LEFT JOIN mastered ON mastered.artist_id = artists.artist_id
LEFT JOIN active ON active.artist_id = artists.artist_id
LEFT JOIN labelled ON labelled.artist_id = artists.artist_id
LEFT JOIN credited ON credited.artist_id = artists.artist_id
WHERE released.releases IS NOT NULL OR credited.credited_releases IS NOT NULL
ORDER BY artists.artist_id
