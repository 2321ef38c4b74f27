-- A text and the one that it stands for.
WHEN {text} THEN {value}
