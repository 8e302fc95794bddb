-- How and when a person proved who they are is one document. So far everybody typed a password.

ALTER TABLE sessions ADD COLUMN authentication TEXT NOT NULL DEFAULT '';
UPDATE sessions SET authentication = json_object(
    'methods', json_array(json_object('method', 'password', 'at', authenticated_at)),
    'acr', acr
);
ALTER TABLE sessions DROP COLUMN authenticated_at;
ALTER TABLE sessions DROP COLUMN acr;

UPDATE token_families SET authorized = json_set(
    json_remove(authorized, '$.authenticated_at', '$.acr'),
    '$.authentication', json_object(
        'methods', json_array(
            json_object('method', 'password', 'at', json_extract(authorized, '$.authenticated_at'))
        ),
        'acr', json_extract(authorized, '$.acr')
    )
);
