-- A family says where it came from in a document of its own, and whatever works once stands in one
-- table: an authorization code is the first of its kinds. A used one stays as long as its family, so
-- that it is known when it comes again.
--
-- SQLite drops no UNIQUE column: the table is made anew. The migrator runs without foreign keys, and
-- checks them before its commit.

CREATE TABLE one_time_credentials (
    digest BLOB NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    family_id BLOB REFERENCES token_families (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;

INSERT INTO one_time_credentials (digest, kind, family_id, expires_at, used_at)
SELECT code_digest, 'authorization_code', id, code_expires_at, redeemed_at FROM token_families;

CREATE TABLE new_token_families (
    id BLOB NOT NULL PRIMARY KEY,
    grant_id BLOB NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    user_id BLOB NOT NULL,
    client_id TEXT NOT NULL,
    session_id BLOB REFERENCES sessions (id) ON DELETE CASCADE,
    authorized TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    log_position INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    end_reason TEXT,
    origin TEXT NOT NULL
) STRICT;

INSERT INTO new_token_families (
    id, grant_id, user_id, client_id, session_id, authorized, created_at, log_position, expires_at,
    ended_at, end_reason, origin
)
SELECT
    id, grant_id, user_id, client_id, session_id,
    json_remove(authorized, '$.redirect_uri', '$.redirect_uri_given', '$.code_challenge', '$.nonce'),
    created_at, log_position, expires_at, ended_at, end_reason,
    json_set(
        json_remove(
            authorized,
            '$.scope', '$.authenticated_at', '$.acr', '$.session_id', '$.claims', '$.resource'
        ),
        '$.kind', 'code'
    )
FROM token_families;

DROP TABLE token_families;
ALTER TABLE new_token_families RENAME TO token_families;

CREATE INDEX token_families_of_grant ON token_families (grant_id);
CREATE INDEX token_families_of_session ON token_families (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX token_families_by_age ON token_families (expires_at);
CREATE INDEX one_time_credentials_of_family ON one_time_credentials (family_id)
    WHERE family_id IS NOT NULL;
CREATE INDEX one_time_credentials_unused ON one_time_credentials (expires_at) WHERE used_at IS NULL;
