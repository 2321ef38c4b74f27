-- A column of the input.
incoming.{column}
