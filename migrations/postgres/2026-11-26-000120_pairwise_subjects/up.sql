-- Of the identifiers that a sector knows a user by, one at most is current; others, of accounts that
-- were joined to this one, still lead to it. What stands so far is current.

ALTER TABLE subjects
    DROP CONSTRAINT subjects_pkey,
    DROP CONSTRAINT subjects_sector_key_subject_key,
    ADD PRIMARY KEY (sector_key, subject),
    ADD COLUMN retired_at BIGINT;
CREATE UNIQUE INDEX subjects_current ON subjects (user_id, sector_key) WHERE retired_at IS NULL;
CREATE INDEX subjects_of_user ON subjects (user_id);
