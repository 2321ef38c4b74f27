SELECT coalesce(max(strlen({column})), 0) FROM exported.{table}
