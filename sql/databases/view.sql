CREATE OR REPLACE VIEW exported.{name} AS {query}
