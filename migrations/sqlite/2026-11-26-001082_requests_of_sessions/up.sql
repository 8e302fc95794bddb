-- Whose request an interaction is, once somebody is signed in, so that each session and each person has
-- so many of them at most.

ALTER TABLE interactions ADD COLUMN session_id BLOB;
CREATE INDEX interactions_of_session ON interactions (session_id, created_at)
    WHERE session_id IS NOT NULL;
