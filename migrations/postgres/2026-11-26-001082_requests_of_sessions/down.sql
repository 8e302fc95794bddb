DROP INDEX interactions_of_session;
ALTER TABLE interactions DROP COLUMN session_id;
