-- Whether a column of the key has a value.
{column} IS NOT NULL
