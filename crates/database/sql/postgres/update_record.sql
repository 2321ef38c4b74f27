UPDATE {schema}._export SET run_id = $1, identity = $2, began_at = now()
