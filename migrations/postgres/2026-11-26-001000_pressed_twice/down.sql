ALTER TABLE sessions DROP COLUMN browser_digest;
ALTER TABLE sessions DROP COLUMN password_changed_at;
