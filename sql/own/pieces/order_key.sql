-- The rank of a value among those of a key; no value is the lowest.
{column} IS NOT NULL, {column}
