SELECT {columns}, _change FROM read_parquet({file})
