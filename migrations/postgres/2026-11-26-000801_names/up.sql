-- Names by which lists are searched and ordered: copies that `store` writes with the row, what is shown
-- and the same in small letters. Rows of before get small letters as the database knows them, until
-- they are next written.

ALTER TABLE publishers ADD COLUMN folded_name TEXT NOT NULL DEFAULT '';
UPDATE publishers SET folded_name = lower(name);
CREATE INDEX publishers_by_name ON publishers (folded_name, id);

ALTER TABLE clients ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE clients ADD COLUMN folded_name TEXT NOT NULL DEFAULT '';
UPDATE clients SET name = coalesce(metadata::json ->> 'client_name', id);
UPDATE clients SET folded_name = lower(name);
CREATE INDEX clients_by_name ON clients (folded_name, id);
