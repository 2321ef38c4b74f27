-- Writes the rows of a query as Parquet files into a new directory.
CREATE TABLE {table}
COMMENT {comment}
WITH (
    external_location = {location},
    format = 'PARQUET',
    parquet_bloom_filter_columns = ARRAY[{bloom_filter_columns}]
)
AS
{query}
