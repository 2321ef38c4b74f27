SELECT identity FROM _export
