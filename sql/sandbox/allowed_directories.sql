-- Names the folder whose files SQL may read once external access is off.
SET allowed_directories = [{folder}]
