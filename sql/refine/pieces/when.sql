-- A condition and the reason that it is.
WHEN {condition} THEN {reason}
