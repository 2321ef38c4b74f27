-- The rows of a query as Parquet files in a folder that is not there yet.
CREATE TABLE {table}
COMMENT {comment}
WITH (
    external_location = {location},
    format = 'PARQUET',
    parquet_bloom_filter_columns = ARRAY[{bloom_filter_columns}]
)
AS
{query}
