-- Only current identifiers have a place in the table of before.

DELETE FROM subjects WHERE retired_at IS NOT NULL;
DROP INDEX subjects_of_user;
DROP INDEX subjects_current;
ALTER TABLE subjects
    DROP COLUMN retired_at,
    DROP CONSTRAINT subjects_pkey,
    ADD PRIMARY KEY (user_id, sector_key),
    ADD UNIQUE (sector_key, subject);
