#!/bin/sh
# Prisma's command line wants a native schema engine and would download it. Its `generate` needs none, so it is given this
# program; whatever does try to run it must fail loudly and not pretend that a migration was applied.
echo "Orgo brings no native Prisma schema engine. Migrations are applied by infra/migrate.ts: npm start" >&2
echo "To use your own engine set PRISMA_SCHEMA_ENGINE_BINARY." >&2
exit 1
