-- The rows of the input that count, one a key.
CREATE OR REPLACE TEMP VIEW incoming AS
SELECT * FROM typed_input SEMI JOIN work.last_rows USING ("input position")
