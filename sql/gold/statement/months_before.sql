-- The rows of the months before the one that is built.
CREATE OR REPLACE TEMP VIEW months_before AS
SELECT * FROM all_months WHERE dump_month < CAST({first_day} AS DATE)
