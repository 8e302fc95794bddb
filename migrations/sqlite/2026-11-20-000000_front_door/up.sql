-- Everything that the front door keeps: people, clients, sessions, grants, tokens, keys, the event
-- log and the audit entries.
--
-- Ids are 16 bytes, digests 32, instants milliseconds since 1970. Words (states, reasons) are those
-- of `domain`; documents are JSON that nothing is searched for in.

-- People

CREATE TABLE users (
    id BLOB NOT NULL PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    password_hash TEXT,
    language TEXT,
    disabled_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE identities (
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    verified_at INTEGER,
    PRIMARY KEY (kind, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX identities_of_user ON identities (user_id);

CREATE TABLE profiles (
    user_id BLOB NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    profile TEXT NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE subjects (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    sector_key TEXT NOT NULL,
    subject TEXT NOT NULL,
    PRIMARY KEY (user_id, sector_key),
    UNIQUE (sector_key, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE sign_in_throttles (
    throttle_key BLOB NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    blocked_until INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_throttles_by_age ON sign_in_throttles (updated_at);

CREATE TABLE known_browsers (
    browser_digest BLOB NOT NULL,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    seen_at INTEGER NOT NULL,
    PRIMARY KEY (browser_digest, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_browsers_of_user ON known_browsers (user_id);
CREATE INDEX known_browsers_by_age ON known_browsers (seen_at);

-- Clients

CREATE TABLE publishers (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    verified_at INTEGER,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE clients (
    id TEXT NOT NULL PRIMARY KEY,
    publisher_id TEXT REFERENCES publishers (id),
    state TEXT NOT NULL,
    is_host INTEGER NOT NULL,
    metadata TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX clients_of_publisher ON clients (publisher_id);
CREATE INDEX clients_hosts ON clients (is_host);

CREATE TABLE client_secrets (
    id BLOB NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    digest BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    retired_at INTEGER
) STRICT;
CREATE INDEX client_secrets_of_client ON client_secrets (client_id);

CREATE TABLE used_jti (
    digest BLOB NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX used_jti_by_age ON used_jti (expires_at);

-- Sessions and what they give

CREATE TABLE sessions (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    cookie_digest BLOB NOT NULL UNIQUE,
    authenticated_at INTEGER NOT NULL,
    acr TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    user_agent TEXT NOT NULL,
    ended_at INTEGER,
    end_reason TEXT
) STRICT;
CREATE INDEX sessions_live_of_user ON sessions (user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_expiring ON sessions (expires_at) WHERE ended_at IS NULL;

CREATE TABLE interactions (
    id BLOB NOT NULL PRIMARY KEY,
    browser_digest BLOB NOT NULL,
    request TEXT NOT NULL,
    progress TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    consumed_at INTEGER
) STRICT;
CREATE INDEX interactions_by_age ON interactions (expires_at);

CREATE TABLE grants (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scopes TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    last_used_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT;
-- At most one grant of a pair is live.
CREATE UNIQUE INDEX grants_live ON grants (user_id, client_id) WHERE ended_at IS NULL;
CREATE INDEX grants_of_client ON grants (client_id);

CREATE TABLE refusals (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    purpose TEXT NOT NULL,
    refused_at INTEGER NOT NULL,
    times INTEGER NOT NULL,
    reopened_at INTEGER,
    PRIMARY KEY (user_id, client_id, scope)
) STRICT, WITHOUT ROWID;
CREATE INDEX refusals_of_client ON refusals (client_id);

-- A receipt outlives its client and its grant: it is the proof of what was decided about them.
CREATE TABLE receipts (
    id BLOB NOT NULL PRIMARY KEY,
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    grant_id BLOB,
    decided_at INTEGER NOT NULL,
    content TEXT NOT NULL
) STRICT;
CREATE INDEX receipts_of_user ON receipts (user_id, decided_at);

-- `user_id` and `client_id` are those of the grant, kept here so that one row tells all; the grant
-- is the parent that a family is deleted with. `log_position` is the log's end when the family began:
-- what was cut off later (`user_cut`, `client_cut`, `all_cut` in `events`) includes the family.
CREATE TABLE token_families (
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
CREATE INDEX token_families_of_grant ON token_families (grant_id);
CREATE INDEX token_families_of_session ON token_families (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX token_families_by_age ON token_families (expires_at);

CREATE TABLE refresh_tokens (
    digest BLOB NOT NULL PRIMARY KEY,
    family_id BLOB NOT NULL REFERENCES token_families (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    issued_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    superseded_at INTEGER,
    request_digest BLOB,
    sealed_answer BLOB,
    successor BLOB,
    UNIQUE (family_id, number)
) STRICT;
CREATE INDEX refresh_tokens_with_answer ON refresh_tokens (superseded_at)
    WHERE sealed_answer IS NOT NULL;

-- Keys and secrets, sealed under the master key

CREATE TABLE signing_keys (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    since INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    public_jwk TEXT NOT NULL,
    sealed_private BLOB NOT NULL
) STRICT;

CREATE TABLE shared_secrets (
    id BLOB NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- One row.
CREATE TABLE installation (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    master_key_fingerprint BLOB NOT NULL
) STRICT;

-- What happened

-- AUTOINCREMENT: a position is never given out again, even after the last rows are purged.
CREATE TABLE events (
    position INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    session_id BLOB,
    grant_id BLOB,
    family_id BLOB,
    user_id BLOB,
    client_id TEXT,
    token_digest BLOB,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_age ON events (at);
CREATE INDEX events_of_user ON events (user_id, kind, position) WHERE user_id IS NOT NULL;
CREATE INDEX events_of_client ON events (client_id, kind, position) WHERE client_id IS NOT NULL;
CREATE INDEX events_of_token ON events (token_digest) WHERE token_digest IS NOT NULL;
CREATE INDEX events_of_kind ON events (kind, position);

CREATE TABLE audit (
    id BLOB NOT NULL PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    user_id BLOB,
    client_id TEXT,
    detail TEXT NOT NULL
) STRICT;
CREATE INDEX audit_by_age ON audit (at);
CREATE INDEX audit_of_user ON audit (user_id, at) WHERE user_id IS NOT NULL;
CREATE INDEX audit_of_client ON audit (client_id, at) WHERE client_id IS NOT NULL;

CREATE TABLE nodes (
    id BLOB NOT NULL PRIMARY KEY,
    seen_at INTEGER NOT NULL,
    confirmed INTEGER NOT NULL,
    keys_seen INTEGER NOT NULL
) STRICT;
