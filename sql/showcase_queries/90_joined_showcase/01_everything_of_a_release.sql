-- A join of all tables of releases: the releases with the most rows, as counts for each table.
WITH artists AS (SELECT release_id, count(*) AS n FROM release_artist_credits_v1 GROUP BY release_id),
labels AS (SELECT release_id, count(*) AS n FROM release_labels_v1 GROUP BY release_id),
credits AS (SELECT release_id, count(*) AS n FROM release_extra_credits_v1 GROUP BY release_id),
companies AS (SELECT release_id, count(*) AS n FROM release_companies_v1 GROUP BY release_id),
identifiers AS (SELECT release_id, count(*) AS n FROM release_identifiers_v1 GROUP BY release_id),
tracks AS (
    SELECT release_id, count(*) AS n, sum(duration_seconds) AS seconds FROM release_tracks_v1 GROUP BY release_id
),
track_credits AS (SELECT release_id, count(*) AS n FROM release_track_credits_v1 GROUP BY release_id),
videos AS (SELECT release_id, count(*) AS n FROM release_videos_v1 GROUP BY release_id)
SELECT
    releases.release_id,
    releases.artists,
    releases.title,
    masters.year AS first_released,
    coalesce(artists.n, 0) AS artists_named,
    coalesce(labels.n, 0) AS labels_named,
    coalesce(credits.n, 0) + coalesce(track_credits.n, 0) AS credits,
    coalesce(companies.n, 0) AS companies,
    coalesce(identifiers.n, 0) AS identifiers,
    coalesce(tracks.n, 0) AS tracks,
    tracks.seconds,
    coalesce(videos.n, 0) AS videos
FROM releases_ref_v6 AS releases
LEFT JOIN masters_v1 AS masters ON masters.master_id = releases.master_id
LEFT JOIN artists ON artists.release_id = releases.release_id
LEFT JOIN labels ON labels.release_id = releases.release_id
LEFT JOIN credits ON credits.release_id = releases.release_id
LEFT JOIN companies ON companies.release_id = releases.release_id
LEFT JOIN identifiers ON identifiers.release_id = releases.release_id
LEFT JOIN tracks ON tracks.release_id = releases.release_id
LEFT JOIN track_credits ON track_credits.release_id = releases.release_id
LEFT JOIN videos ON videos.release_id = releases.release_id
ORDER BY credits DESC, releases.release_id
LIMIT 20
