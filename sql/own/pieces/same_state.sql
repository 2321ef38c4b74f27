-- Whether a column is the same in both states.
before.{column} IS NOT DISTINCT FROM after.{column}
