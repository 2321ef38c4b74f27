-- Refuses every further SET, so that no statement can lift the limits of the sandbox.
SET lock_configuration = true
