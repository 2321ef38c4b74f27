-- The values for which rows are rejected, one a row.
CREATE OR REPLACE TABLE work.rejected AS
{rejected}
