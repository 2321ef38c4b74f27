-- Whether both states have the same key.
before.{column} = after.{column}
