-- A text without the spaces around it, the no-break space among them.
trim({column}, concat(chr(9), chr(10), chr(11), chr(12), chr(13), chr(32), chr(160)))
