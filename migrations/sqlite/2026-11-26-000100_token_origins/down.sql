-- A family without a code has no place in the tables of before.

CREATE TABLE old_token_families (
    id BLOB NOT NULL PRIMARY KEY,
    grant_id BLOB NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL,
    client_id TEXT NOT NULL,
    session_id BLOB REFERENCES sessions (id) ON DELETE CASCADE,
    code_digest BLOB NOT NULL UNIQUE,
    authorized TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    log_position INTEGER NOT NULL,
    code_expires_at INTEGER NOT NULL,
    redeemed_at INTEGER,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    end_reason TEXT
) STRICT;

INSERT INTO old_token_families (
    id, grant_id, user_id, client_id, session_id, code_digest, authorized, created_at, log_position,
    code_expires_at, redeemed_at, expires_at, ended_at, end_reason
)
SELECT
    f.id, f.grant_id, f.user_id, f.client_id, f.session_id, c.digest,
    json_patch(f.authorized, json_remove(f.origin, '$.kind')),
    f.created_at, f.log_position, c.expires_at, c.used_at, f.expires_at, f.ended_at, f.end_reason
FROM token_families f
JOIN one_time_credentials c ON c.family_id = f.id AND c.kind = 'authorization_code';

DROP TABLE one_time_credentials;
DROP TABLE token_families;
ALTER TABLE old_token_families RENAME TO token_families;

CREATE INDEX token_families_of_grant ON token_families (grant_id);
CREATE INDEX token_families_of_session ON token_families (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX token_families_by_age ON token_families (expires_at);
