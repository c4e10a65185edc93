-- What happened and what was sealed only grows. The inbox, the outbox and alarms come and go.
REVOKE UPDATE, DELETE ON "event", "evidence", "pipeline" FROM orgo_orchestrator;
REVOKE DELETE ON "build", "case" FROM orgo_orchestrator;
