ALTER TABLE refresh_tokens DROP COLUMN proof_key;
