-- Clears a setting that the extension takes from the environment: SQL could read the secret there.
SET GLOBAL {setting} = ''
