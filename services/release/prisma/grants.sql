-- What happened and what was published only grows. The inbox, the outbox, alarms and nonces come and go.
REVOKE UPDATE, DELETE ON "event", "channel_root", "channel_release" FROM orgo_release;
REVOKE DELETE ON "release", "node" FROM orgo_release;
