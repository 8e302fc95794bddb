-- Of the identifiers that a sector knows a user by, one at most is current; others, of accounts that
-- were joined to this one, still lead to it. What stands so far is current.

CREATE TABLE new_subjects (
    user_id BLOB NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    sector_key TEXT NOT NULL,
    subject TEXT NOT NULL,
    retired_at INTEGER,
    PRIMARY KEY (sector_key, subject)
) STRICT, WITHOUT ROWID;
INSERT INTO new_subjects (user_id, sector_key, subject)
SELECT user_id, sector_key, subject FROM subjects;
DROP TABLE subjects;
ALTER TABLE new_subjects RENAME TO subjects;
CREATE UNIQUE INDEX subjects_current ON subjects (user_id, sector_key) WHERE retired_at IS NULL;
CREATE INDEX subjects_of_user ON subjects (user_id);
