-- Which client got tokens in which session, under which `sid`, first and last. The rows go with the
-- session's, thirty days after it ended.
--
-- A `sid` was derived so far, with a secret that SQL does not have: it stays null until a server starts
-- on this schema, which writes what the derivation gives.

CREATE TABLE participants (
    session_id BYTEA NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    sid TEXT,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (session_id, client_id)
);
CREATE INDEX participants_of_client ON participants (client_id);
CREATE INDEX participants_without_sid ON participants (session_id) WHERE sid IS NULL;

-- An offline family names the session that it was authorized in within its document only.
INSERT INTO participants (session_id, client_id, first_at, last_at)
SELECT s.id, f.client_id, min(c.used_at), max(c.used_at)
FROM token_families f
JOIN one_time_credentials c ON c.family_id = f.id AND c.used_at IS NOT NULL
JOIN sessions s ON s.id = decode(replace(f.authorized::jsonb ->> 'session_id', '-', ''), 'hex')
JOIN clients ON clients.id = f.client_id
GROUP BY s.id, f.client_id;
