CREATE TABLE exported_file.{table} (
    {columns}
)
