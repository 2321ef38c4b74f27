-- The value of a JSON column as text.
{column} ->> '$' AS {name}
