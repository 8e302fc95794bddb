-- The time of the first method stands for all of them.

ALTER TABLE sessions ADD COLUMN authenticated_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN acr TEXT NOT NULL DEFAULT '';
UPDATE sessions SET
    authenticated_at = json_extract(authentication, '$.methods[0].at'),
    acr = json_extract(authentication, '$.acr');
ALTER TABLE sessions DROP COLUMN authentication;

UPDATE token_families SET authorized = json_set(
    json_remove(authorized, '$.authentication'),
    '$.authenticated_at', json_extract(authorized, '$.authentication.methods[0].at'),
    '$.acr', json_extract(authorized, '$.authentication.acr')
);
