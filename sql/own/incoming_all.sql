-- The rows of the input that count: all.
CREATE OR REPLACE TEMP VIEW incoming AS
SELECT * FROM typed_input
