-- Whether a column has no value.
{column} IS NULL
