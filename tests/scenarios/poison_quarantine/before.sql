-- Not idempotent, and some rows fail: of a cast, of a rule, of a trigger.
CREATE TABLE public.counted (
  tenant int  NOT NULL,
  code   text NOT NULL,
  n      int  NOT NULL DEFAULT 0,
  step   text NOT NULL DEFAULT '1',
  CONSTRAINT not_twelve CHECK (n <> 12),
  PRIMARY KEY (tenant, code)
);
INSERT INTO public.counted (tenant, code, n, step)
SELECT CASE WHEN i % 3 = 0 THEN i % 40 ELSE 7 END, 'c' || md5(i::text),
       CASE WHEN i % 20011 = 5 THEN 11 ELSE i % 5 * 10 END,
       CASE WHEN i % 9973 = 17 THEN 'one' ELSE '1' END
FROM generate_series(1, 120000) AS i;
CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.code = 'c' || md5('77777') THEN
    RAISE EXCEPTION 'account % is closed', NEW.code;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER refuse BEFORE UPDATE ON public.counted
  FOR EACH ROW EXECUTE FUNCTION public.refuse();
CREATE TABLE public.bad AS
SELECT tenant, code FROM public.counted
 WHERE step = 'one' OR n = 11 OR code = 'c' || md5('77777');
CREATE TABLE public.counted_before AS SELECT tenant, code, n FROM public.counted;
ALTER TABLE public.counted_before ADD PRIMARY KEY (tenant, code);
ANALYZE;
