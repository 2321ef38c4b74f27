-- Keeps what an earlier writer recorded.
INSERT INTO lake_properties (property_key, property_value) VALUES ($1, $2) ON CONFLICT DO NOTHING
