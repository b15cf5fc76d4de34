-- Each has the columns of `counted`, and n = n + 1 is due once for each row.
CREATE TABLE public.source AS SELECT i AS id, (i % 5 * 10)::int AS n, i % 7 AS other FROM generate_series(1, 20000) AS i;

CREATE UNLOGGED TABLE public.unlogged_one (id bigint PRIMARY KEY, n int NOT NULL, other int);
INSERT INTO public.unlogged_one SELECT * FROM public.source;

-- Checked when a transaction commits, which is the end of a batch.
CREATE TABLE public.others (id int PRIMARY KEY);
INSERT INTO public.others SELECT generate_series(0, 6);
CREATE TABLE public.deferred (id bigint PRIMARY KEY, n int NOT NULL,
  other int REFERENCES public.others DEFERRABLE INITIALLY DEFERRED,
  EXCLUDE USING btree (id WITH =) DEFERRABLE INITIALLY DEFERRED);
INSERT INTO public.deferred SELECT * FROM public.source;
CREATE TABLE public.fired (id bigint, n int);
CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO public.fired VALUES (NEW.id, NEW.n); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER noted AFTER UPDATE ON public.deferred DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION public.note();

-- Rows of a child belong to the parent; nothing keeps a child from a key of its parent's.
CREATE TABLE public.parent (id bigint PRIMARY KEY, n int NOT NULL, other int);
CREATE TABLE public.child (PRIMARY KEY (id)) INHERITS (public.parent);
INSERT INTO public.parent SELECT * FROM public.source WHERE id % 2 = 0;
INSERT INTO public.child SELECT * FROM public.source WHERE id % 2 = 1 OR id % 10 = 0;

CREATE TABLE public.published (id bigint PRIMARY KEY, n int NOT NULL, other int);
INSERT INTO public.published SELECT * FROM public.source;
CREATE PUBLICATION of_published FOR TABLE public.published;
CREATE TABLE public.without_identity (id bigint NOT NULL, n int NOT NULL, other int);
CREATE UNIQUE INDEX ON public.without_identity (id);
INSERT INTO public.without_identity SELECT * FROM public.source;
CREATE PUBLICATION of_without FOR TABLE public.without_identity;

CREATE TABLE public.secured (id bigint PRIMARY KEY, n int NOT NULL, other int);
INSERT INTO public.secured SELECT * FROM public.source;
ALTER TABLE public.secured ENABLE ROW LEVEL SECURITY;
CREATE POLICY half ON public.secured USING (id % 2 = 0);
ANALYZE;
