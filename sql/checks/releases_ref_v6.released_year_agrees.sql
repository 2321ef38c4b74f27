-- severity: critical
-- of: releases_v6
-- means: released_year is not the year that released begins with.
-- advice: Ingest the releases again in a new run.
SELECT release_id, released, released_year
FROM releases_ref_v6
WHERE released_year IS NOT NULL
    AND (released IS NULL OR substr(released, 1, 4) <> lpad(CAST(released_year AS VARCHAR), 4, '0'))
