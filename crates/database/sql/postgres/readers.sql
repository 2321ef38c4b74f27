SELECT DISTINCT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END
FROM pg_namespace, aclexplode(nspacl)
WHERE nspname = $1 AND privilege_type = 'USAGE' AND grantee <> nspowner
