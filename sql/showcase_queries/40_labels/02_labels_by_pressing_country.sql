-- The three most frequent countries of the releases of each of the twenty largest labels.
WITH pairs AS (
    SELECT labels.label_id, releases.country, count(DISTINCT releases.release_id) AS releases
    FROM release_labels_v1 AS labels
    JOIN releases_ref_v6 AS releases ON releases.release_id = labels.release_id
    WHERE labels.label_id IS NOT NULL AND releases.country IS NOT NULL
    GROUP BY labels.label_id, releases.country
),
ranked AS (
    SELECT
        label_id,
        country,
        releases,
        sum(releases) OVER (PARTITION BY label_id) AS of_label,
        row_number() OVER (PARTITION BY label_id ORDER BY releases DESC, country) AS place
    FROM pairs
)
SELECT labels.label_id, labels.name, ranked.country, ranked.releases, ranked.of_label
FROM ranked
JOIN labels_ref_v10 AS labels ON labels.label_id = ranked.label_id
WHERE ranked.place <= 3
ORDER BY ranked.of_label DESC, labels.label_id, ranked.place
LIMIT 60
