SELECT identity FROM {schema}._export
