-- Everything goes, children before parents.

DROP TABLE nodes;
DROP TABLE audit;
DROP TABLE events;
DROP TABLE installation;
DROP TABLE shared_secrets;
DROP TABLE signing_keys;
DROP TABLE refresh_tokens;
DROP TABLE token_families;
DROP TABLE receipts;
DROP TABLE refusals;
DROP TABLE grants;
DROP TABLE interactions;
DROP TABLE sessions;
DROP TABLE used_jti;
DROP TABLE client_secrets;
DROP TABLE clients;
DROP TABLE publishers;
DROP TABLE known_browsers;
DROP TABLE sign_in_throttles;
DROP TABLE subjects;
DROP TABLE profiles;
DROP TABLE identities;
DROP TABLE users;
