-- The keys of the input, stored once, because many statements read them.
CREATE OR REPLACE TABLE work.keys AS
SELECT {keys} FROM incoming
