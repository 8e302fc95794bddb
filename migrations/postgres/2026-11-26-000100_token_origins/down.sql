-- A family without a code has no place in the tables of before.

ALTER TABLE token_families
    ADD COLUMN code_digest BYTEA UNIQUE,
    ADD COLUMN code_expires_at BIGINT,
    ADD COLUMN redeemed_at BIGINT;

UPDATE token_families f SET
    code_digest = c.digest,
    code_expires_at = c.expires_at,
    redeemed_at = c.used_at,
    authorized = (f.authorized::jsonb || (f.origin::jsonb - 'kind'))::text
FROM one_time_credentials c
WHERE c.family_id = f.id AND c.kind = 'authorization_code';

DROP TABLE one_time_credentials;
DELETE FROM token_families WHERE code_digest IS NULL;

ALTER TABLE token_families
    ALTER COLUMN code_digest SET NOT NULL,
    ALTER COLUMN code_expires_at SET NOT NULL,
    DROP COLUMN origin;
