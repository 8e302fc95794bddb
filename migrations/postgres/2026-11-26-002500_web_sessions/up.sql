-- What a web ticket opens: the cookie of one program in one WebView or frame, for as long as that program's
-- stay (sid) in the host's session goes on. The ticket works once, like every code.

CREATE TABLE web_sessions (
    id BYTEA NOT NULL PRIMARY KEY,
    session_id BYTEA NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    host_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    sid TEXT NOT NULL,
    code_challenge TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    opened_at BIGINT,
    cookie_digest BYTEA UNIQUE
);
CREATE INDEX web_sessions_of_session ON web_sessions (session_id, client_id, created_at);
CREATE INDEX web_sessions_of_host ON web_sessions (host_id);
CREATE INDEX web_sessions_of_client ON web_sessions (client_id);
CREATE INDEX web_sessions_unopened ON web_sessions (created_at) WHERE opened_at IS NULL;

ALTER TABLE one_time_credentials
    ADD COLUMN web_session_id BYTEA REFERENCES web_sessions (id) ON DELETE CASCADE;
CREATE INDEX one_time_credentials_of_web_session ON one_time_credentials (web_session_id)
    WHERE web_session_id IS NOT NULL;
