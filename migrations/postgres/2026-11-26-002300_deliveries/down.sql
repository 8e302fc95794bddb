DROP TABLE announcements;
DROP TABLE destinations;
DROP TABLE deliveries;
ALTER TABLE clients DROP COLUMN backchannel_logout_uri;
DROP INDEX participants_of_client;
CREATE INDEX participants_of_client ON participants (client_id);
ALTER TABLE participants RENAME COLUMN over_at TO left_at;
