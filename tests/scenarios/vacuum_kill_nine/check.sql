SELECT count(*) = 60000 AS every_row_is_done FROM public.counted WHERE n = 1;
