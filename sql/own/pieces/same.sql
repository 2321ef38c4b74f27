-- Whether the input leaves a column as it is.
existing.{column} IS NOT DISTINCT FROM incoming.{column}
