import { constants } from 'node:fs';
import { lstat, open, readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { canonicalBytes, parseStrict } from '@orgo/core';
import { Fault, Refused } from '@orgo/runtime/errors';
import type { StageOutput } from '../define.ts';
import type { ProgramAnswer } from './answer.ts';
import { jsonArtifactLimits } from './json-artifact.ts';
import type { Program } from './program.ts';

type Named = Extract<ProgramAnswer, { status: 'ok' }>['outputs'];

const checkDeclared = (named: Named, declared: Program['outputs']): void => {
  const undeclared = (detail: string) => new Fault('EXEC_OUTPUT_UNDECLARED', detail);
  for (const { kind, media_type } of named)
    if (!declared.some((row) => row.kind === kind && row.media_type === media_type))
      throw undeclared(`${kind} as ${media_type} is not among the declared outputs`);
  for (const { kind, min, max } of declared) {
    const count = named.filter((output) => output.kind === kind).length;
    if (count > max) throw undeclared(`${count} outputs of kind ${kind}; ${max} are declared`);
    if (count < min) throw new Fault('EXEC_OUTPUT_MISSING', `${count} outputs of kind ${kind}; ${min} are declared`);
  }
};

/** The file that a relative path names: a regular file below `folder`, reached without any link. */
const fileOf = async (folder: string, named: string): Promise<{ file: string; size: number }> => {
  const invalid = (why: string) => new Fault('EXEC_OUTPUT_PATH_INVALID', `${JSON.stringify(named)} ${why}`);
  const file = path.join(folder, named);
  if (path.isAbsolute(named) || named.includes('\0') || !file.startsWith(`${folder}${path.sep}`))
    throw invalid('is not a path inside the output folder');
  let real: string;
  try {
    real = await realpath(file);
  } catch (cause) {
    // A link whose target is absent is a link all the same.
    const link = await lstat(file).catch(() => undefined);
    if (link !== undefined) throw invalid('is a link');
    throw new Fault('EXEC_OUTPUT_MISSING', { detail: `${JSON.stringify(named)} was named and not written`, cause });
  }
  if (real !== file) throw invalid('leads through a link');
  const status = await lstat(file);
  if (!status.isFile()) throw invalid('is not a regular file');
  return { file, size: status.size };
};

const readFileAt = async (file: string): Promise<Uint8Array> => {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
};

/** JSON is stored as its RFC 8785 bytes, so that neither spacing nor the order of members can make two runs differ. */
const stored = (bytes: Uint8Array, { kind, media_type }: Named[number]): Uint8Array => {
  if (media_type !== 'application/json') return bytes;
  const json = parseStrict(bytes, jsonArtifactLimits);
  if (!json.ok) throw new Fault('EXEC_OUTPUT_INVALID', `${kind}: ${json.code} ${json.detail}`);
  return canonicalBytes(json.value);
};

const strayFile = async (folder: string, named: ReadonlySet<string>): Promise<string | undefined> => {
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    const file = path.join(entry.parentPath, entry.name);
    if (!entry.isDirectory() && !named.has(file)) return path.relative(folder, file);
  }
  return undefined;
};

/**
 * Reads the outputs a program named, after it has ended, so that nothing can change under the check.
 * @throws Fault EXEC_OUTPUT_UNDECLARED (kind, media type, too many, or a file that was written and not named), EXEC_OUTPUT_MISSING, EXEC_OUTPUT_PATH_INVALID,
 * EXEC_OUTPUT_INVALID (JSON that is none); Refused STAGE_LIMIT_EXCEEDED.
 */
export async function collectOutputs(folder: string, named: Named, program: Program): Promise<StageOutput[]> {
  checkDeclared(named, program.outputs);
  const files = new Map<string, Named[number]>();
  let total = 0;
  for (const output of named) {
    const { file, size } = await fileOf(folder, output.path);
    if (files.has(file)) throw new Fault('EXEC_OUTPUT_PATH_INVALID', `${JSON.stringify(output.path)} is named twice`);
    files.set(file, output);
    total += size;
  }
  const stray = await strayFile(folder, new Set(files.keys()));
  if (stray !== undefined)
    throw new Fault('EXEC_OUTPUT_UNDECLARED', `${JSON.stringify(stray)} was written and not named`);
  if (total > program.limits.output_bytes)
    throw new Refused('STAGE_LIMIT_EXCEEDED', `${total} bytes of output; ${program.limits.output_bytes} are allowed`);
  const outputs: StageOutput[] = [];
  for (const [file, output] of files) {
    const { kind, media_type } = output;
    outputs.push({ kind, media_type, bytes: stored(await readFileAt(file), output) });
  }
  return outputs;
}
