-- Names the file with the certificates to trust.
SET ca_cert_file = {file}
