-- A value under its name.
{value} AS {name}
