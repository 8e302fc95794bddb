-- When a client stopped taking part in a session that goes on: the person left it, or took everything
-- back from it. Should it come again it gets another sid.
ALTER TABLE participants ADD COLUMN left_at BIGINT;
