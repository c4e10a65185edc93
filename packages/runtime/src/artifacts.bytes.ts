import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Up to this size an artifact is made durable by the journal, in company; above it by a flush of its own. */
export const smallBytes = 65_536;

/** The bytes of a small file, null when it is large. In one go: through the thread pool each step would cost more than all of them do. */
export function readSmall(path: string): Uint8Array | null {
  const fd = openSync(path, 'r');
  try {
    const { size } = fstatSync(fd);
    if (size > smallBytes) return null;
    const bytes = Buffer.allocUnsafeSlow(size);
    let done = 0;
    for (let more = 1; more > 0 && done < size; done += more) more = readSync(fd, bytes, done, size - done, done);
    return bytes.subarray(0, done);
  } finally {
    closeSync(fd);
  }
}

type Source = { whole: Uint8Array | null; pieces: AsyncIterable<Uint8Array> };

/** The bytes as a whole when they are given so or end within `limit`; `pieces` are all of them either way. */
export async function firstOf(bytes: Uint8Array | AsyncIterable<Uint8Array>, limit: number): Promise<Source> {
  const head: Uint8Array[] = [];
  async function* all(rest?: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
    yield* head;
    if (rest !== undefined) for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
  }
  if (bytes instanceof Uint8Array) {
    head.push(bytes);
    return { whole: bytes, pieces: all() };
  }
  const source = bytes[Symbol.asyncIterator]();
  let size = 0;
  for (let next = await source.next(); !next.done; next = await source.next()) {
    head.push(next.value);
    size += next.value.length;
    if (size > limit) return { whole: null, pieces: all(source) };
  }
  return { whole: Buffer.concat(head), pieces: all() };
}
