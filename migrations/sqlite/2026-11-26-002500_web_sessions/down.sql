DELETE FROM one_time_credentials WHERE web_session_id IS NOT NULL;
DROP INDEX one_time_credentials_of_web_session;
ALTER TABLE one_time_credentials DROP COLUMN web_session_id;
DROP TABLE web_sessions;
