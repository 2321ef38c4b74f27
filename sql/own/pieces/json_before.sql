-- A column of the row before a change.
{literal}: before.{column}
