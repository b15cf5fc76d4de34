CREATE TABLE public.nothing (id int PRIMARY KEY, a text, b text);
