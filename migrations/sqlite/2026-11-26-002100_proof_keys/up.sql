-- The key that a refresh token of a public client is bound to (RFC 9449 §5): its thumbprint.

ALTER TABLE refresh_tokens ADD COLUMN proof_key BLOB;
