-- What the lake records of its catalog: the version of these tables, and the lake's folder.
CREATE TABLE IF NOT EXISTS lake_properties (
    property_key VARCHAR(255) NOT NULL PRIMARY KEY,
    property_value VARCHAR(1000) NOT NULL
)
