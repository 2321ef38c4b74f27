-- Whether the table and the input have the same value of a key.
existing.{column} = incoming.{column}
