-- severity: critical
-- of: releases_v6
-- read: released_year from released as year
-- means: released_year is not the year that released begins with, or there is one where none can be read.
-- advice: Ingest the releases again in a new run.
SELECT release_id, released, released_year
FROM releases_ref_v6
WHERE released_year IS DISTINCT FROM
    nullif(TRY_CAST(regexp_extract(released, '^([0-9]{4})(-[0-9]{2}){0,2}$', 1) AS INTEGER), 0)
