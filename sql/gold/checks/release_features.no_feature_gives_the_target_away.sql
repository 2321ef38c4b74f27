-- No feature alone predicts the target. For each value of a feature, the most frequent target among the rows of `train` is the
-- prediction for the rows of `test`. A feature leaks if it is right for more than 98 % of at least 100 rows, and for many more
-- than the most frequent target of all is.
WITH features AS (
    SELECT split, genre AS target, 'country' AS feature, country AS value FROM built
    UNION ALL
    SELECT split, genre, 'decade', CAST(decade AS VARCHAR) FROM built
    UNION ALL
    SELECT split, genre, 'format', format FROM built
    UNION ALL
    SELECT split, genre, 'media', CAST(media AS VARCHAR) FROM built
    UNION ALL
    SELECT split, genre, 'format_descriptions', CAST(format_descriptions AS VARCHAR) FROM built
    UNION ALL
    SELECT split, genre, 'artists', CAST(artists AS VARCHAR) FROM built
    UNION ALL
    SELECT split, genre, 'credits', CAST(credits AS VARCHAR) FROM built
    UNION ALL
    SELECT split, genre, 'labels', CAST(labels AS VARCHAR) FROM built
    UNION ALL
    SELECT split, genre, 'companies', CAST(companies AS VARCHAR) FROM built
    UNION ALL
    SELECT split, genre, 'identifiers', CAST(identifiers AS VARCHAR) FROM built
    UNION ALL
    SELECT split, genre, 'has_barcode', CAST(has_barcode AS VARCHAR) FROM built
    UNION ALL
    SELECT split, genre, 'tracks', CAST(tracks AS VARCHAR) FROM built
    UNION ALL
    SELECT split, genre, 'track_seconds', CAST(track_seconds AS VARCHAR) FROM built
    UNION ALL
    SELECT split, genre, 'videos', CAST(videos AS VARCHAR) FROM built
    UNION ALL
    SELECT split, genre, 'notes_length', CAST(notes_length AS VARCHAR) FROM built
    UNION ALL
    SELECT split, genre, 'label_releases', CAST(label_releases AS VARCHAR) FROM built
),
seen AS (
    SELECT feature, value, target, count(*) AS n
    FROM features
    WHERE split = 'train'
    GROUP BY feature, value, target
),
predictions AS (
    SELECT feature, value, max_by(target, n) AS predicted
    FROM seen
    GROUP BY feature, value
),
scores AS (
    SELECT
        features.feature,
        count(*) AS tested,
        sum(CASE WHEN features.target = predictions.predicted THEN 1 ELSE 0 END) AS hits
    FROM features
    JOIN predictions ON predictions.feature = features.feature AND predictions.value = features.value
    WHERE features.split = 'test'
    GROUP BY features.feature
),
most_frequent AS (
    SELECT CAST(max(n) AS DOUBLE) / sum(n) AS share
    FROM (SELECT genre, count(*) AS n FROM built WHERE split = 'test' GROUP BY genre) AS targets
)
SELECT scores.feature, scores.hits, scores.tested
FROM scores
CROSS JOIN most_frequent
WHERE scores.tested >= 100
  AND scores.hits > 0.98 * scores.tested
  AND scores.hits > (most_frequent.share + 0.1) * scores.tested
