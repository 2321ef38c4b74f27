SELECT identity FROM exported_file._export
