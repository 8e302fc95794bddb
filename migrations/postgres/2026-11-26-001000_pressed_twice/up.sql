-- When a session changed its person's password: who presses the button twice has changed it.
ALTER TABLE sessions ADD COLUMN password_changed_at BIGINT;
-- In which browser a session began (the digest of the browser's own secret): it has one cookie, so what
-- else it began as the same person it cannot reach any more.
ALTER TABLE sessions ADD COLUMN browser_digest BYTEA;
