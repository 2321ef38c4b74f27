-- Credits on releases, beside those of the artists they are by.
SELECT count(*) AS kpi_value
FROM release_extra_credits_v1
