-- The releases of each style add up to the releases with a year that have it.
SELECT styles.style, built.releases, styles.n AS expected
FROM (
    SELECT style, count(*) AS n
    FROM (SELECT DISTINCT style, release_id FROM release_styles_v1 WHERE style IS NOT NULL) AS named
    JOIN releases_v6 ON releases_v6.release_id = named.release_id AND released_year IS NOT NULL
    GROUP BY style
) AS styles
LEFT JOIN (SELECT style, sum(releases) AS releases FROM built GROUP BY style) AS built ON built.style = styles.style
WHERE built.releases IS NULL OR built.releases <> styles.n
