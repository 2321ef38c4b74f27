-- Each label has as many releases as name it and have a year.
SELECT labels.label_id, built.releases, labels.n AS expected
FROM (
    SELECT label_id, count(*) AS n
    FROM (SELECT DISTINCT label_id, release_id FROM release_labels_v1 WHERE label_id IS NOT NULL) AS named
    JOIN releases_v6 ON releases_v6.release_id = named.release_id AND released_year IS NOT NULL
    GROUP BY label_id
) AS labels
LEFT JOIN (SELECT label_id, sum(releases) AS releases FROM built GROUP BY label_id) AS built
    ON built.label_id = labels.label_id
WHERE built.releases IS NULL OR built.releases <> labels.n
