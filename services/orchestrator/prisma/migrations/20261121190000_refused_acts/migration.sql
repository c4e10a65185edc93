-- What became of a person's act is an event of its build; who asks again under the same key is answered from there.
GRANT SELECT ON "event" TO orgo_orchestrator_read;
