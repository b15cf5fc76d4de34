CREATE SCHEMA "Shop";
CREATE TABLE "Shop".users (id bigserial PRIMARY KEY, email text, "emailNormalized" text, secret text NOT NULL DEFAULT 'x');
INSERT INTO "Shop".users (email) SELECT ' User' || n || '@Example.COM' FROM generate_series(1, 20000) AS n;
ANALYZE "Shop".users;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
