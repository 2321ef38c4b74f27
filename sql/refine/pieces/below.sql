-- Whether a value is below a bound.
{column} < CAST({bound} AS {type})
