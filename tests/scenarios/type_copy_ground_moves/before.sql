-- Families of a parent and a child that follows it; each child has two columns that could be
-- its key, in opposite orders.
CREATE FUNCTION public.child(schema text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TABLE %I.lines (u int NOT NULL UNIQUE, id int NOT NULL, order_id int)', schema);
  EXECUTE format('INSERT INTO %I.lines SELECT n, 8001 - n, 1 + n %% 100 FROM generate_series(1, 8000) AS n', schema);
  EXECUTE format('ALTER TABLE %I.lines ADD CONSTRAINT lines_order FOREIGN KEY (order_id) REFERENCES %I.orders (id)', schema, schema);
  EXECUTE format('ANALYZE %I.lines', schema);
END $$;
DO $$
DECLARE family text;
BEGIN
  FOREACH family IN ARRAY ARRAY['better', 'rekeyed', 'recreated', 'lookalike', 'retyped'] LOOP
    EXECUTE format('CREATE SCHEMA %I', family);
    EXECUTE format('CREATE TABLE %I.orders (id int PRIMARY KEY)', family);
    EXECUTE format('INSERT INTO %I.orders SELECT generate_series(1, 100)', family);
    PERFORM public.child(family);
  END LOOP;
END $$;
