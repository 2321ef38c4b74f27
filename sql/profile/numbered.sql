-- Numbers the statistics of one column among several in one query.
SELECT {index} AS i, profiled.* FROM (
{query}) AS profiled
