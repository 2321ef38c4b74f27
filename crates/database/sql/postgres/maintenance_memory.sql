SET maintenance_work_mem = '256MB'
