ALTER TABLE installation DROP COLUMN issuer;
ALTER TABLE token_families DROP COLUMN history;
ALTER TABLE sessions DROP COLUMN history;
ALTER TABLE nodes DROP COLUMN mark;
ALTER TABLE nodes DROP COLUMN history;
ALTER TABLE events DROP COLUMN mark;
DROP TABLE histories;
