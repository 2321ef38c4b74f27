-- A text as it came.
{column}
