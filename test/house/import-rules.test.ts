import { checkImports } from '@orgo/infra/import-rules';
import { describe, expect, test } from 'vitest';

const packages = new Map([
  ['@orgo/contracts', 'contracts'],
  ['@orgo/core', 'core'],
  ['@orgo/kristal', 'kristal'],
  ['@orgo/runtime', 'runtime'],
  ['@orgo/store', 'store'],
  ['@orgo/adapter-sdk', 'adapter-sdk'],
  ['@orgo/audit', 'audit'],
  ['@orgo/gatekeeper', 'gatekeeper'],
  ['@orgo/adapter-pin', 'adapters/pin'],
  ['@orgo/konnaxion-node', 'adapters/konnaxion-node'],
  ['@orgo/corpora', 'corpora'],
  ['@orgo/infra', 'infra'],
]);

const broken = (files: Record<string, string>): string[] =>
  checkImports(new Map(Object.entries(files)), packages).violations.map(({ rule }) => rule);

describe('a planted violation fails', () => {
  test.each([
    ['contracts-see-nothing-of-ours', 'packages/contracts/src/a.ts', '@orgo/core'],
    ['core-sees-contracts-only', 'packages/core/src/a.ts', '@orgo/runtime/log'],
    ['kristal-corpora-and-runtime-see-contracts-and-core-only', 'packages/runtime/src/a.ts', '@orgo/store/tx'],
    ['store-sees-contracts-core-and-runtime-only', 'packages/store/src/a.ts', '@orgo/audit'],
    ['the-adapter-sdk-sees-contracts-core-and-runtime-only', 'packages/adapter-sdk/src/a.ts', '@orgo/store/tx'],
    ['adapters-see-contracts-core-kristal-and-the-sdk-only', 'services/adapters/pin/src/a.ts', '@orgo/store/tx'],
    ['adapters-see-contracts-core-kristal-and-the-sdk-only', 'services/adapters/echo/src/a.ts', '@orgo/adapter-pin'],
    ['services-never-import-services', 'services/audit/src/a.ts', '@orgo/gatekeeper/domain'],
    ['services-never-import-services', 'services/audit/src/a.test.ts', '@orgo/gatekeeper'],
    [
      'of-the-services-only-the-validate-worker-uses-the-adapter-sdk',
      'services/gatekeeper/src/service.ts',
      '@orgo/adapter-sdk',
    ],
    ['kristal-corpora-and-runtime-see-contracts-and-core-only', 'packages/corpora/src/a.ts', '@orgo/kristal'],
    ['kristal-corpora-and-runtime-see-contracts-and-core-only', 'packages/kristal/src/a.ts', '@orgo/runtime/log'],
    ['pure-rooms-use-few-libraries', 'packages/contracts/src/a.ts', 'ajv'],
    ['pure-rooms-use-few-libraries', 'packages/kristal/src/a.ts', 'uuidv7'],
    ['adapters-reach-no-server', 'services/adapters/pin/src/a.ts', 'pg'],
    ['adapters-reach-no-server', 'services/adapters/pin/src/a.ts', '@nats-io/transport-node'],
    ['the-witness-sees-core-and-runtime-only', 'services/witness/src/a.ts', '@orgo/store/db'],
    ['infra-sees-contracts-only', 'infra/a.ts', '@orgo/audit'],
    ['a-domain-touches-nothing-but-contracts-core-and-kristal', 'services/audit/src/domain/a.ts', '@orgo/runtime/log'],
    ['a-domain-touches-nothing-but-contracts-core-and-kristal', 'services/audit/src/domain/a.ts', '../repo.ts'],
    ['a-domain-touches-nothing-but-contracts-core-and-kristal', 'services/audit/src/domain/a.ts', 'node:fs'],
    ['a-domain-touches-nothing-but-contracts-core-and-kristal', 'services/audit/src/domain/a.ts', 'pg'],
    ['pure-rooms-use-no-node-builtins-outside-files-named-node', 'packages/core/src/a.ts', 'node:crypto'],
    ['only-the-composition-root-starts-services', 'packages/cli/src/commands/build.ts', '@orgo/audit'],
    ['packages-are-entered-by-name-not-by-path', 'services/audit/src/a.ts', '../../../packages/core/src/digest.ts'],
  ])('%s: %s imports %s', (rule, file, specifier) => {
    expect(broken({ [file]: `import '${specifier}';` })).toContain(rule);
  });

  test.each([
    ['a type', `import type { A } from '@orgo/store/tx';`],
    ['a re-export', `export * from '@orgo/store/tx';`],
    ['a dynamic import', `const a = await import('@orgo/store/tx');`],
    ['a type within an expression', `type A = import('@orgo/store/tx').A;`],
  ])('however it is imported: %s', (_, text) => {
    expect(broken({ 'packages/core/src/a.ts': text })).toEqual(['core-sees-contracts-only']);
  });

  test('no-cycles', () => {
    const { violations } = checkImports(
      new Map([
        ['packages/core/src/c.ts', `import './a.ts';`],
        ['packages/core/src/a.ts', `import { b } from './b.ts';`],
        ['packages/core/src/b.ts', `export { c } from './c.ts';`],
      ]),
      packages,
    );
    expect(violations.map((violation) => violation.import)).toEqual([
      'packages/core/src/a.ts → packages/core/src/b.ts → packages/core/src/c.ts',
    ]);
  });

  test('a file that does not parse is an error, not a clean file', () => {
    expect(() => broken({ 'packages/core/src/a.ts': 'import {' })).toThrow(SyntaxError);
  });
});

describe('what the rules allow', () => {
  test.each([
    ['packages/core/src/a.ts', '@orgo/contracts'],
    ['packages/core/src/sha256.node.ts', 'node:crypto'],
    ['packages/core/src/digest.ts', '#sha256'],
    ['packages/kristal/src/a.ts', 'hyparquet'],
    ['packages/corpora/src/a.ts', 'world-countries'],
    ['services/gatekeeper/src/validate/stage.ts', '@orgo/adapter-sdk'],
    ['packages/core/src/a.test.ts', 'node:fs'],
    ['packages/kristal/src/a.ts', '@orgo/core'],
    ['services/audit/src/domain/a.ts', './b.ts'],
    ['services/audit/src/service.ts', '@orgo/store/tx'],
    ['services/adapters/pin/src/index.ts', '@orgo/adapter-sdk'],
    ['packages/cli/src/commands/up.ts', '@orgo/audit'],
    ['packages/cli/src/commands/verify.ts', '@orgo/audit/domain'],
    ['packages/cli/src/commands/konnaxion.ts', '@orgo/konnaxion-node'],
    ['packages/cli/src/corpus-write.ts', '@orgo/corpora'],
    ['packages/cli/src/compose/instance.ts', '@orgo/infra/servers'],
  ])('%s imports %s', (file, specifier) => {
    expect(broken({ [file]: `import '${specifier}';` })).toEqual([]);
  });

  test('types may refer to each other in a circle: nothing of it runs', () => {
    expect(
      broken({
        'packages/core/src/a.ts': `import type { B } from './b.ts';`,
        'packages/core/src/b.ts': `import { a } from './a.ts';`,
      }),
    ).toEqual([]);
  });
});
