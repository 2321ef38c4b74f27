-- The MD5 of a row as a JSON object of texts: its names in order, without those that have no value.
md5('{' || concat_ws(',', {members}) || '}') AS {name}
