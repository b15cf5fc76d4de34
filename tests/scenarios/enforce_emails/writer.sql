\set n random(1, 20000)
UPDATE users SET email = ' User' || :n || '@example.com' WHERE id = :n;
INSERT INTO users (email) SELECT 'x' || nextval('users_id_seq') || '@example.com';
