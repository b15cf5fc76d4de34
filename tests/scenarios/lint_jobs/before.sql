CREATE TABLE people (id bigint PRIMARY KEY, email text, slug text);
INSERT INTO people SELECT i, 'User' || i || '@Example.org' FROM generate_series(1, 500) AS i;
