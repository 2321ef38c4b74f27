-- The rejected values, in place of the rows that passed.
CREATE OR REPLACE TABLE work.raw AS
SELECT * FROM work.rejected
