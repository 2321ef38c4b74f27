-- A column of a JSON file.
{name}: 'JSON'
