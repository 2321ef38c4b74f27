-- The row to keep of each key: the last by an order, or by its position.
CREATE OR REPLACE TABLE work.last_rows AS
SELECT max_by("input position", {order}) AS "input position"
FROM typed_input
GROUP BY {keys}
