COPY pg_temp.export_changes ({columns}) FROM STDIN WITH (FORMAT binary)
