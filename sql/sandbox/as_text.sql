-- The rows of a statement with every value as DuckDB writes it. Arrow, in which rows leave DuckDB otherwise, has no type for
-- some of DuckDB's: UHUGEINT, TIME WITH TIME ZONE, BIGNUM, a date beyond the year 262143.
SELECT CAST(COLUMNS(*) AS VARCHAR) FROM query({statement})
