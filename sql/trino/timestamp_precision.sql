-- Returns the precision with which the catalog reads timestamps.
SHOW SESSION LIKE {property}
