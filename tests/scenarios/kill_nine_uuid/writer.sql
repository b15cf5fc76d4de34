\set i random(1, 120000)
\set gone random(1, 120000)
UPDATE counted SET note = note || 'x' WHERE id = md5(:i::text)::uuid;
INSERT INTO counted (id) VALUES (gen_random_uuid());
DELETE FROM counted WHERE id = md5(:gone::text)::uuid;
