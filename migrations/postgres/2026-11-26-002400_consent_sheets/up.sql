-- What a host asks a person for in a program's name, on its way through the consent sheet, found by the
-- digest of the secret in its address; and what was put off on one, for as long as the session lives.

CREATE TABLE consent_sheets (
    id BYTEA NOT NULL PRIMARY KEY,
    digest BYTEA NOT NULL UNIQUE,
    session_id BYTEA NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    host_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    request TEXT NOT NULL,
    progress TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    opened_at BIGINT,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    result TEXT
);
CREATE INDEX consent_sheets_by_age ON consent_sheets (expires_at);
CREATE INDEX consent_sheets_of_session ON consent_sheets (session_id, created_at);
CREATE INDEX consent_sheets_of_host ON consent_sheets (host_id);
CREATE INDEX consent_sheets_of_client ON consent_sheets (client_id);

CREATE TABLE postponements (
    session_id BYTEA NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    purpose TEXT NOT NULL,
    postponed_at BIGINT NOT NULL,
    PRIMARY KEY (session_id, client_id, scope)
);
CREATE INDEX postponements_of_client ON postponements (client_id);
