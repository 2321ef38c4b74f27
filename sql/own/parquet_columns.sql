-- The columns of a Parquet file.
DESCRIBE SELECT * FROM read_parquet({file})
