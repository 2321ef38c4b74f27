INSERT INTO {schema}._export (run_id, identity) VALUES ($1, $2)
