import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { initialState } from './domain/state.ts';
import { readState, writeState } from './folder.ts';

it('says that the pointer could not be switched, and the old state still stands', async () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'orgo-node-folder-'));
  try {
    const state = initialState('stable');
    await writeState(dir, state);
    const gone = path.join(dir, 'gone');
    fs.writeFileSync(gone, 'a file where a folder is needed');
    await expect(writeState(gone, state)).rejects.toMatchObject({ code: 'POINTER_SWITCH_FAILED' });
    expect(await readState(dir, 'stable')).toEqual(state);
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
});
