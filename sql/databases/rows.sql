SELECT {columns} FROM exported.{table}
