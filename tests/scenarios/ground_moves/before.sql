CREATE FUNCTION public.make(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TABLE %s (u int NOT NULL UNIQUE, id int NOT NULL, n int NOT NULL DEFAULT 0)', name);
  EXECUTE format('INSERT INTO %s (u, id) SELECT i, 20001 - i FROM generate_series(1, 20000) AS i', name);
  EXECUTE format('ANALYZE %s', name);
END $$;
SELECT make('better_key'), make('other_key'), make('retyped'), make('collated'), make('recreated');
CREATE SCHEMA s2;
SELECT make('public.twice'), make('s2.twice');
ALTER TABLE other_key ADD PRIMARY KEY (u);
ALTER TABLE other_key DROP CONSTRAINT other_key_u_key;
ALTER TABLE collated ALTER u TYPE text USING lpad(u::text, 6, '0');
