-- Smallest first.
{column} ASC NULLS LAST
