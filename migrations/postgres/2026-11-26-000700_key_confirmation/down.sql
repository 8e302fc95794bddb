ALTER TABLE signing_keys DROP COLUMN confirmed_at;
