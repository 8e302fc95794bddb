-- Only current identifiers have a place in the table of before.

CREATE TABLE old_subjects (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    sector_key TEXT NOT NULL,
    subject TEXT NOT NULL,
    PRIMARY KEY (user_id, sector_key),
    UNIQUE (sector_key, subject)
) STRICT, WITHOUT ROWID;
INSERT INTO old_subjects (user_id, sector_key, subject)
SELECT user_id, sector_key, subject FROM subjects WHERE retired_at IS NULL;
DROP TABLE subjects;
ALTER TABLE old_subjects RENAME TO subjects;
