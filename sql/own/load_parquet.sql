-- Loads a Parquet file as text, in the order of the file.
CREATE TABLE work.raw AS
SELECT {texts} FROM read_parquet({file})
