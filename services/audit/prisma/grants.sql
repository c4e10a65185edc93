-- The log only grows. Its head moves, and is never forgotten.
REVOKE UPDATE, DELETE, TRUNCATE ON "log_leaf", "log_node", "log_checkpoint" FROM orgo_audit;
REVOKE DELETE, TRUNCATE ON "log" FROM orgo_audit;
REVOKE UPDATE, DELETE ON "event" FROM orgo_audit;
