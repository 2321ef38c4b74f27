-- Refuses files outside allowed_directories, and ATTACH, COPY, INSTALL and LOAD.
SET enable_external_access = false
