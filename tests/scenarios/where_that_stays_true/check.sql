SELECT count(*) = 10000 AS every_matching_row_changed_once FROM order_items
  WHERE revision = 1 AND order_id % 2 = 0;
SELECT count(*) = 10000 AS no_other_row_was_touched FROM order_items
  WHERE revision = 0 AND order_id % 2 = 1;
