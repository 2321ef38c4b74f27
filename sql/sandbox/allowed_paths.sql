-- Names the objects that SQL may read once external access is off.
SET allowed_paths = [{paths}]
