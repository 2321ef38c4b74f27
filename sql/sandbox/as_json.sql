-- The rows of a statement, each as a JSON object.
SELECT CAST(to_json(answer) AS VARCHAR) FROM query({statement}) AS answer
