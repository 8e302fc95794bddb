-- Everything that the front door keeps: people, clients, sessions, grants, tokens, keys, the event
-- log and the audit entries.
--
-- Ids are 16 bytes, digests 32, instants milliseconds since 1970. Words (states, reasons) are those
-- of `domain`; documents are JSON that nothing is searched for in.

-- People

CREATE TABLE users (
    id BYTEA NOT NULL PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    password_hash TEXT,
    language TEXT,
    disabled_at BIGINT,
    created_at BIGINT NOT NULL
);

CREATE TABLE identities (
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    user_id BYTEA NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    verified_at BIGINT,
    PRIMARY KEY (kind, value)
);
CREATE INDEX identities_of_user ON identities (user_id);

CREATE TABLE profiles (
    user_id BYTEA NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    profile TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

CREATE TABLE subjects (
    user_id BYTEA NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    sector_key TEXT NOT NULL,
    subject TEXT NOT NULL,
    PRIMARY KEY (user_id, sector_key),
    UNIQUE (sector_key, subject)
);

CREATE TABLE sign_in_throttles (
    throttle_key BYTEA NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    blocked_until BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX sign_in_throttles_by_age ON sign_in_throttles (updated_at);

CREATE TABLE known_browsers (
    browser_digest BYTEA NOT NULL,
    user_id BYTEA NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (browser_digest, user_id)
);
CREATE INDEX known_browsers_of_user ON known_browsers (user_id);
CREATE INDEX known_browsers_by_age ON known_browsers (seen_at);

-- Clients

CREATE TABLE publishers (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    verified_at BIGINT,
    created_at BIGINT NOT NULL
);

CREATE TABLE clients (
    id TEXT NOT NULL PRIMARY KEY,
    publisher_id TEXT REFERENCES publishers (id),
    state TEXT NOT NULL,
    is_host BOOLEAN NOT NULL,
    metadata TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX clients_of_publisher ON clients (publisher_id);
CREATE INDEX clients_hosts ON clients (is_host);

CREATE TABLE client_secrets (
    id BYTEA NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    digest BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    retired_at BIGINT
);
CREATE INDEX client_secrets_of_client ON client_secrets (client_id);

CREATE TABLE used_jti (
    digest BYTEA NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX used_jti_by_age ON used_jti (expires_at);

-- Sessions and what they give

CREATE TABLE sessions (
    id BYTEA NOT NULL PRIMARY KEY,
    user_id BYTEA NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    cookie_digest BYTEA NOT NULL UNIQUE,
    authenticated_at BIGINT NOT NULL,
    acr TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    user_agent TEXT NOT NULL,
    ended_at BIGINT,
    end_reason TEXT
);
CREATE INDEX sessions_live_of_user ON sessions (user_id) WHERE ended_at IS NULL;
CREATE INDEX sessions_expiring ON sessions (expires_at) WHERE ended_at IS NULL;

CREATE TABLE interactions (
    id BYTEA NOT NULL PRIMARY KEY,
    browser_digest BYTEA NOT NULL,
    request TEXT NOT NULL,
    progress TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    consumed_at BIGINT
);
CREATE INDEX interactions_by_age ON interactions (expires_at);

CREATE TABLE grants (
    id BYTEA NOT NULL PRIMARY KEY,
    user_id BYTEA NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    ended_at BIGINT
);
-- At most one grant of a pair is live.
CREATE UNIQUE INDEX grants_live ON grants (user_id, client_id) WHERE ended_at IS NULL;
CREATE INDEX grants_of_client ON grants (client_id);

CREATE TABLE refusals (
    user_id BYTEA NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    purpose TEXT NOT NULL,
    refused_at BIGINT NOT NULL,
    times INTEGER NOT NULL,
    reopened_at BIGINT,
    PRIMARY KEY (user_id, client_id, scope)
);
CREATE INDEX refusals_of_client ON refusals (client_id);

-- A receipt outlives its client and its grant: it is the proof of what was decided about them.
CREATE TABLE receipts (
    id BYTEA NOT NULL PRIMARY KEY,
    user_id BYTEA NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    grant_id BYTEA,
    decided_at BIGINT NOT NULL,
    content TEXT NOT NULL
);
CREATE INDEX receipts_of_user ON receipts (user_id, decided_at);

-- `user_id` and `client_id` are those of the grant, kept here so that one row tells all; the grant
-- is the parent that a family is deleted with. `log_position` is the log's end when the family began:
-- what was cut off later (`user_cut`, `client_cut`, `all_cut` in `events`) includes the family.
CREATE TABLE token_families (
    id BYTEA NOT NULL PRIMARY KEY,
    grant_id BYTEA NOT NULL REFERENCES grants (id) ON DELETE CASCADE,
    user_id BYTEA NOT NULL,
    client_id TEXT NOT NULL,
    session_id BYTEA REFERENCES sessions (id) ON DELETE CASCADE,
    code_digest BYTEA NOT NULL UNIQUE,
    authorized TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    log_position BIGINT NOT NULL,
    code_expires_at BIGINT NOT NULL,
    redeemed_at BIGINT,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    end_reason TEXT
);
CREATE INDEX token_families_of_grant ON token_families (grant_id);
CREATE INDEX token_families_of_session ON token_families (session_id) WHERE session_id IS NOT NULL;
CREATE INDEX token_families_by_age ON token_families (expires_at);

CREATE TABLE refresh_tokens (
    digest BYTEA NOT NULL PRIMARY KEY,
    family_id BYTEA NOT NULL REFERENCES token_families (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    issued_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    superseded_at BIGINT,
    request_digest BYTEA,
    sealed_answer BYTEA,
    successor BYTEA,
    UNIQUE (family_id, number)
);
CREATE INDEX refresh_tokens_with_answer ON refresh_tokens (superseded_at)
    WHERE sealed_answer IS NOT NULL;

-- Keys and secrets, sealed under the master key

CREATE TABLE signing_keys (
    id TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    since BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    public_jwk TEXT NOT NULL,
    sealed_private BYTEA NOT NULL
);

CREATE TABLE shared_secrets (
    id BYTEA NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

-- One row.
CREATE TABLE installation (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    master_key_fingerprint BYTEA NOT NULL
);

-- What happened

-- The sequence only goes up: a position is never given out again, even after the last rows are
-- purged.
CREATE TABLE events (
    position BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    session_id BYTEA,
    grant_id BYTEA,
    family_id BYTEA,
    user_id BYTEA,
    client_id TEXT,
    token_digest BYTEA,
    detail TEXT NOT NULL
);
CREATE INDEX events_by_age ON events (at);
CREATE INDEX events_of_user ON events (user_id, kind, position) WHERE user_id IS NOT NULL;
CREATE INDEX events_of_client ON events (client_id, kind, position) WHERE client_id IS NOT NULL;
CREATE INDEX events_of_token ON events (token_digest) WHERE token_digest IS NOT NULL;
CREATE INDEX events_of_kind ON events (kind, position);

CREATE TABLE audit (
    id BYTEA NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    user_id BYTEA,
    client_id TEXT,
    detail TEXT NOT NULL
);
CREATE INDEX audit_by_age ON audit (at);
CREATE INDEX audit_of_user ON audit (user_id, at) WHERE user_id IS NOT NULL;
CREATE INDEX audit_of_client ON audit (client_id, at) WHERE client_id IS NOT NULL;

CREATE TABLE nodes (
    id BYTEA NOT NULL PRIMARY KEY,
    seen_at BIGINT NOT NULL,
    confirmed BIGINT NOT NULL,
    keys_seen BIGINT NOT NULL
);
