SELECT property_key, property_value FROM lake_properties ORDER BY property_key
