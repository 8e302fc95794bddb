-- A family says where it came from in a document of its own, and whatever works once stands in one
-- table: an authorization code is the first of its kinds. A used one stays as long as its family, so
-- that it is known when it comes again.

CREATE TABLE one_time_credentials (
    digest BYTEA NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    family_id BYTEA REFERENCES token_families (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

INSERT INTO one_time_credentials (digest, kind, family_id, expires_at, used_at)
SELECT code_digest, 'authorization_code', id, code_expires_at, redeemed_at FROM token_families;

CREATE INDEX one_time_credentials_of_family ON one_time_credentials (family_id)
    WHERE family_id IS NOT NULL;
CREATE INDEX one_time_credentials_unused ON one_time_credentials (expires_at) WHERE used_at IS NULL;

ALTER TABLE token_families ADD COLUMN origin TEXT NOT NULL DEFAULT '';

UPDATE token_families SET
    authorized = (
        authorized::jsonb - 'redirect_uri' - 'redirect_uri_given' - 'code_challenge' - 'nonce'
    )::text,
    origin = (
        authorized::jsonb - 'scope' - 'authenticated_at' - 'acr' - 'session_id' - 'claims' - 'resource'
        || '{"kind":"code"}'::jsonb
    )::text;

ALTER TABLE token_families
    ALTER COLUMN origin DROP DEFAULT,
    DROP COLUMN code_digest,
    DROP COLUMN code_expires_at,
    DROP COLUMN redeemed_at;
