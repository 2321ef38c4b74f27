-- Leaves one row of those that have the same values in these columns.
DELETE FROM work.raw
WHERE
    {all_given}
    AND rowid NOT IN (SELECT max_by(rowid, {order}) FROM work.raw WHERE {all_given} GROUP BY {keys})
