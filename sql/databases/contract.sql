SELECT {columns} FROM main.{table}
