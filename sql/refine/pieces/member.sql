-- A column of the row as JSON.
{label}: {column}
