SELECT {columns} FROM ({query}) AS given
