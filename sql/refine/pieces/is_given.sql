-- Whether a column has a value.
{column} IS NOT NULL
