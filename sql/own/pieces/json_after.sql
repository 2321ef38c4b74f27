-- A column of the row after a change.
{literal}: after.{column}
