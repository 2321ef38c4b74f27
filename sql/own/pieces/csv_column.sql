-- A column of a CSV file.
{name}: 'VARCHAR'
