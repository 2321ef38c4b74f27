-- Rows without a key may repeat: as many copies go as the changes name.
DELETE FROM {table}
WHERE ctid IN (
    SELECT place
    FROM (
        SELECT held.place, row_number() OVER (PARTITION BY held.whole) AS copy, gone.copies
        FROM (SELECT ctid AS place, ROW({columns})::text AS whole FROM {table}) AS held
        JOIN (
            SELECT ROW({columns})::text AS whole, count(*) AS copies
            FROM pg_temp.export_changes
            WHERE _change IN ('delete', 'update_before')
            GROUP BY 1
        ) AS gone ON gone.whole = held.whole
    ) AS numbered
    WHERE copy <= copies
)
