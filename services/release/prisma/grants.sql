-- What happened only grows. The inbox, the outbox, alarms and nonces come and go.
REVOKE UPDATE, DELETE ON "event" FROM orgo_release;
REVOKE DELETE ON "release", "node", "channel", "trust_root" FROM orgo_release;
