-- Lets the names of tables mean the whole tables.
SET search_path = 'main'
