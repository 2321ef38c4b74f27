INSERT INTO exported_file._export (run_id, identity) VALUES ({run_id}, {identity})
