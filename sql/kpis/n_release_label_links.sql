-- Links between releases and labels with catalogue numbers.
SELECT count(*) AS kpi_value
FROM release_label_xref_v1
