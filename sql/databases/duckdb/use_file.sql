USE exported_file
