-- Lets the names of tables mean their slices.
SET search_path = 'slice,main'
