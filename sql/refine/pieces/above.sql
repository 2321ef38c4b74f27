-- Whether a value is above a bound.
{column} > CAST({bound} AS {type})
