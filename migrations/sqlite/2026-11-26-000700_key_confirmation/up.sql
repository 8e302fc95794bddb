-- When every live node had a next key: it signs once no copy of the JWKS can be without it.
ALTER TABLE signing_keys ADD COLUMN confirmed_at INTEGER;
