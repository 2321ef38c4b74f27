-- Artists credited on a release of other artists.
SELECT count(DISTINCT artist_id) AS kpi_value
FROM release_extra_credits_v1
