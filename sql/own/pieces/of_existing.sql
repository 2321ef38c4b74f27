-- A column of the table.
existing.{column}
