-- Artists who worked on a release that is not said to be by them.
SELECT count(DISTINCT artist_id) AS kpi_value
FROM release_extra_credits_v1
