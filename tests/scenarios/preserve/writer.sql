\set id random(1, 60000)
UPDATE orders SET total = total + 1, cents = NULL WHERE id = :id AND id % 2 = 1;
