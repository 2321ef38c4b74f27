//! Iceberg tables over immutable files, committed many at once.
