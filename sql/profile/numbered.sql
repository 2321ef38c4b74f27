-- What a column looks like, one of several that are looked at in one query.
SELECT {index} AS i, profiled.* FROM (
{query}) AS profiled
