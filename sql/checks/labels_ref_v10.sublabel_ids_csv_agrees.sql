-- severity: info
-- beyond: critical
-- of: labels_v10
-- max_share: 0.001
-- statement: no
-- means: sublabel_ids_csv is not what the ids in label_sublabels_v1 give in order; an id that is no plain number is in the text as entered.
-- advice: Compare the two for one of the labels shown. If many differ, the ingest of labels is wrong.
WITH pieces AS (
    SELECT label_id, position, CAST(sublabel_id AS VARCHAR) AS piece FROM label_sublabels_v1 WHERE sublabel_id IS NOT NULL
)
SELECT labels.label_id
FROM labels_ref_v10 AS labels
LEFT JOIN (
    SELECT label_id, sum(length(piece)) + (count(*) - 1) * 2 AS characters FROM pieces GROUP BY label_id
) AS parts ON parts.label_id = labels.label_id
WHERE coalesce(length(labels.sublabel_ids_csv), 0) <> coalesce(parts.characters, 0)
UNION
SELECT labels.label_id
FROM labels_ref_v10 AS labels
JOIN (
    SELECT
        label_id,
        piece,
        CAST(coalesce(sum(length(piece) + 2) OVER (
            PARTITION BY label_id ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), 0) AS BIGINT) AS characters_before
    FROM pieces
) AS parts ON parts.label_id = labels.label_id
WHERE substr(labels.sublabel_ids_csv, parts.characters_before + 1, length(parts.piece)) <> parts.piece
