SELECT property_value FROM lake_properties WHERE property_key = $1
