-- A column by which rows are grouped.
{column} AS {name}
