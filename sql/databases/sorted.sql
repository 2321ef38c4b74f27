SELECT {columns} FROM exported.{table} ORDER BY {key}
