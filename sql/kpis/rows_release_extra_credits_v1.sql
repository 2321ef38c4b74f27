-- Credits on releases, except those of their main artists.
SELECT count(*) AS kpi_value
FROM release_extra_credits_v1
