-- How and when a person proved who they are is one document. So far everybody typed a password.

ALTER TABLE sessions ADD COLUMN authentication TEXT NOT NULL DEFAULT '';
UPDATE sessions SET authentication = jsonb_build_object(
    'methods', jsonb_build_array(jsonb_build_object('method', 'password', 'at', authenticated_at)),
    'acr', acr
)::text;
ALTER TABLE sessions
    ALTER COLUMN authentication DROP DEFAULT,
    DROP COLUMN authenticated_at,
    DROP COLUMN acr;

UPDATE token_families SET authorized = (
    authorized::jsonb - 'authenticated_at' - 'acr' || jsonb_build_object(
        'authentication', jsonb_build_object(
            'methods', jsonb_build_array(
                jsonb_build_object('method', 'password', 'at', authorized::jsonb -> 'authenticated_at')
            ),
            'acr', authorized::jsonb -> 'acr'
        )
    )
)::text;
