-- Limits the space on the disk that DuckDB spills to.
SET max_temp_directory_size = {size}
