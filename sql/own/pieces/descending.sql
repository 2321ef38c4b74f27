-- Largest first.
{column} DESC NULLS LAST
