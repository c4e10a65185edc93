// Prisma's own schema engine, as WebAssembly: the independent judge of our migrations. Its interface is internal to Prisma,
// so that the version is pinned exactly and this is the only file that knows it.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';

const require = createRequire(import.meta.url);
const EMPTY_SCHEMA = 'datasource db {\n  provider = "postgresql"\n}\n';
const NO_FILTER = { externalTables: [], externalEnums: [] };

export interface Engine {
  /** Applies what is missing in the schema. @returns the names of what was applied */
  applyMigrations(migrations: readonly { readonly name: string; readonly sql: string }[]): Promise<string[]>;
  /** The SQL that makes an empty database into what a Prisma schema describes. */
  sqlOf(prismaSchema: string): Promise<string>;
  /** Idempotent. Frees the lock that the engine holds on the database since its first call. */
  close(): Promise<void>;
}

export async function openEngine(url: string, schema: string): Promise<Engine> {
  const bindings = await bindingsOnce();
  const adapters: { dispose(): Promise<void> }[] = [];
  const pool = { connectionString: url, max: 1, allowExitOnIdle: true, options: `-c search_path=${schema}` };
  const factory = new PrismaPg(pool, { schema });
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const adapter = await connect();
    adapters.push(adapter);
    return adapter;
  };
  const options = { datamodels: [['schema.prisma', EMPTY_SCHEMA]] };
  const engine = await bindings.SchemaEngine.new(options, () => {}, bindMigrationAwareSqlAdapterFactory(factory));
  let closed = false;
  return {
    async applyMigrations(migrations) {
      const migrationDirectories = migrations.map(({ name, sql }) => ({
        path: name,
        migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: sql } },
      }));
      const lockfile = { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' };
      const migrationsList = { baseDir: '/', lockfile, shadowDbInitScript: '', migrationDirectories };
      return (await engine.applyMigrations({ filters: NO_FILTER, migrationsList })).appliedMigrationNames;
    },
    async sqlOf(prismaSchema) {
      const to = { tag: 'schemaDatamodel', files: [{ path: 'schema.prisma', content: prismaSchema }] };
      const from = { tag: 'empty' };
      return (await engine.diff({ from, to, script: true, exitCode: null, filters: NO_FILTER })).stdout ?? '';
    },
    async close() {
      if (closed) return;
      closed = true;
      engine.free();
      await Promise.all(adapters.map((adapter) => adapter.dispose()));
    },
  };
}

type Exports = Record<string, unknown>;

// No type library of ours describes it: Node has it, and the types of browsers are not loaded.
declare const WebAssembly: {
  instantiate(bytes: Uint8Array, imports: object): Promise<{ instance: { exports: Exports } }>;
};

interface Bindings {
  __wbg_set_wasm(exports: Exports): void;
  readonly SchemaEngine: { readonly new: (options: unknown, log: () => void, adapter: unknown) => Promise<RawEngine> };
}

interface RawEngine {
  applyMigrations(params: unknown): Promise<{ appliedMigrationNames: string[] }>;
  diff(params: unknown): Promise<{ stdout: string | null }>;
  free(): void;
}

let loaded: Promise<Bindings> | undefined;

/** Once per process: the bindings know one instance of the module. */
const bindingsOnce = (): Promise<Bindings> => (loaded ??= loadBindings());

async function loadBindings(): Promise<Bindings> {
  const file = require.resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const bindings = (await import(file)) as Bindings;
  Object.assign(globalThis, {
    PRISMA_WASM_PANIC_REGISTRY: { set_message: (message: string) => process.stderr.write(message) },
  });
  const bytes = fs.readFileSync(path.join(path.dirname(file), 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': bindings });
  bindings.__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)();
  return bindings;
}
