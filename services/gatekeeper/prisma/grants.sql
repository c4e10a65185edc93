-- What was decided only grows. The inbox, the outbox and alarms come and go; gates change, but none is deleted.
REVOKE UPDATE, DELETE ON "event", "decision", "accepted_decision", "node_nonce", "pipeline", "confirmed_release", "pack_number" FROM orgo_gatekeeper;
REVOKE DELETE ON "gate", "release_gate", "enrolled_node", "fence", "trust_root", "channel_gate" FROM orgo_gatekeeper;
