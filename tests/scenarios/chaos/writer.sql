\set tenant random(0, 6)
\set code random(1, 12000)
UPDATE counted SET note = note || '.' WHERE tenant = :tenant AND code = md5((:code)::text);
INSERT INTO counted (tenant, code) VALUES (:tenant, 'new ' || gen_random_uuid());
