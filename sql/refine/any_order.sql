-- Rows are ordered when they are written, so no other step keeps their order.
SET preserve_insertion_order = false
