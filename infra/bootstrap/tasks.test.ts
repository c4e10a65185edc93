import { expect, test } from 'vitest';
import { resolveCommand, resolveTask, taskNames } from './tasks.mjs';

test.each(taskNames)('%s is a task', (name) => {
  expect(resolveTask(name, ['--json'])?.argv.at(-1)).toBe('--json');
});

test('what is no task is none, also when every object has a property of that name', () => {
  expect(resolveTask('tset', [])).toBeUndefined();
  expect(resolveTask('constructor', [])).toBeUndefined();
});

test('server programs are needed by what starts servers', () => {
  const needing = taskNames.filter((name) => resolveTask(name, [])?.servers);
  expect(needing).toEqual(['demo', 'start', 'test', 'bench']);
  expect(resolveCommand(['--json', 'up'])).toMatchObject({ command: 'up', servers: true });
  expect(resolveCommand(['build', 'up'])).toMatchObject({ command: 'build', servers: false });
});
