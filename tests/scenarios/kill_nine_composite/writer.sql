\set tenant random(0, 39)
\set i random(1, 120000)
\set third :i / 3 * 3
\set fresh random(1, 1000000000)
UPDATE counted SET note = note || 'x' WHERE tenant = 7 AND code = 'c' || md5(:i::text);
INSERT INTO counted (tenant, code) VALUES (:tenant, 'w' || md5(:fresh::text)) ON CONFLICT DO NOTHING;
DELETE FROM counted WHERE tenant = :third % 40 AND code = 'c' || md5(:third::text);
