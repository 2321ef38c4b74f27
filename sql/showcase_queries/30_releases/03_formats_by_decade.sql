-- Media by decade: the rise and fall of shellac, vinyl, cassette, CD and file.
SELECT
    CAST(floor(releases.released_year / 10) * 10 AS INTEGER) AS decade,
    formats.name AS format,
    count(DISTINCT formats.release_id) AS releases
FROM release_formats_v1 AS formats
JOIN releases_ref_v6 AS releases ON releases.release_id = formats.release_id
WHERE releases.released_year IS NOT NULL
GROUP BY CAST(floor(releases.released_year / 10) * 10 AS INTEGER), formats.name
ORDER BY decade DESC, releases DESC, format
LIMIT 60
