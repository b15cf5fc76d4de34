CREATE TABLE public.settings (id int PRIMARY KEY, raw text NOT NULL, parsed int);
INSERT INTO public.settings VALUES (-2147483648, '42');
