-- Refuses a server whose certificate is not trusted.
SET enable_server_cert_verification = true
