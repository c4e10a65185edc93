#!/bin/sh
# Prisma's command line wants a native schema engine and would download it. Its `generate` needs none, so it is given this
# program; whatever does try to run it must fail loudly and not pretend that a migration was applied.
# Prisma skips the first line and shows the message of the second, which it reads as a log entry in JSON.
says='Orgo brings no native Prisma schema engine; infra/migrate.ts applies migrations at every start. To use your own engine set PRISMA_SCHEMA_ENGINE_BINARY.'
printf '%s\n{"level":"ERROR","target":"orgo","fields":{"message":"%s"}}' "$says" "$says" >&2
exit 1
