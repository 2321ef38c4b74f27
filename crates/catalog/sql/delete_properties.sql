DELETE FROM lake_properties
