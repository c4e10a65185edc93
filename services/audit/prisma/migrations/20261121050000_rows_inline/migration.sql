-- Rows of some kilobytes are kept as they are: compressing each takes longer than writing it, and it is read or deleted soon after.
ALTER TABLE "outbox" SET (toast_tuple_target = 8160);
ALTER TABLE "log_leaf" SET (toast_tuple_target = 8160);
