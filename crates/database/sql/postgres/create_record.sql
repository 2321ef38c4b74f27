CREATE TABLE {schema}._export (
    run_id text NOT NULL,
    identity text NOT NULL,
    began_at timestamptz NOT NULL DEFAULT now()
)
