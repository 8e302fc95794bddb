-- Which resource servers there are: a copy of what stands in the metadata, which `store` writes with
-- the row, so that a resource that a request names can be looked up.

ALTER TABLE clients ADD COLUMN resource TEXT;
UPDATE clients SET resource = json_extract(metadata, '$.resource');
CREATE INDEX clients_by_resource ON clients (resource) WHERE resource IS NOT NULL;
