-- severity: critical
-- of: release_format_descriptions_v1
-- contained: format_position in release_formats_v1.position
-- means: A description belongs to a missing medium.
-- advice: Ingest the releases again in a new run.
SELECT child.release_id, child.format_position, child.position
FROM release_format_descriptions_v1 AS child
WHERE NOT EXISTS (
    SELECT 1
    FROM release_formats_v1 AS parent
    WHERE parent.release_id = child.release_id AND parent.position = child.format_position
)
