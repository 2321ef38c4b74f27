-- The rows of each load, by its time in microseconds since 1970.
SELECT epoch_us(ingestion_timestamp), count(*) FROM {table} GROUP BY ALL
