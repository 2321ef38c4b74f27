-- The rows of a query as Parquet files in a folder that is not there yet.
CREATE TABLE {table}
WITH (external_location = {location}, format = 'PARQUET')
AS
{query}
