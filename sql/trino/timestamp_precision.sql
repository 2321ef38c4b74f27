-- How finely the catalog reads timestamps.
SHOW SESSION LIKE {property}
