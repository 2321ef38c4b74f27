-- How often each column rejects rows, and why.
SELECT column_name, reason, count(*) AS rows_rejected
FROM work.rejected
GROUP BY ALL
ORDER BY rows_rejected DESC, column_name, reason
