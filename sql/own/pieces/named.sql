-- A column under another name.
{column} AS {name}
