SELECT count(*) FROM exported.{table}
