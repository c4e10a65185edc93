import type { ArtifactRef, BuildStarted } from '@orgo/contracts';
import { gazetteerArtifacts } from '@orgo/corpora';
import { codeOf } from '@orgo/runtime/errors';
import { CliError } from './cli-error.ts';
import type { Client } from './client.ts';
import { actor } from './commands/build-actions.ts';
import { readCorpus } from './corpus-folder.ts';
import { homeDir } from './home.ts';
import { checkIntake, intakeRules, readLetters } from './intake.ts';
import { shown } from './read-input.ts';
import { mandateFor } from './tenant.ts';
import { putBytes, uploadRequest } from './upload.ts';

export type StartOptions = {
  pipeline: string;
  mandate?: string;
  profile: string;
  reason: string;
  rerunOf?: string;
  wait?: boolean;
};

/** Uploads everything, then starts. A finished identical build is answered as it ended, and nothing is written. */
export async function startBuild(
  client: Client,
  paths: readonly string[],
  options: StartOptions,
  say: (line: string) => void = () => undefined,
): Promise<BuildStarted> {
  if (options.profile !== 'grounded' && options.profile !== 'strict')
    throw new CliError('USAGE_INVALID', `no default mandate for profile ${options.profile}`);
  const hidden: string[] = [];
  const documents = readCorpus(paths, (file) => hidden.push(file));
  if (hidden.length > 0)
    say(`left out ${hidden.length} hidden: ${shown(hidden.slice(0, 5).join(' '))}${hidden.length > 5 ? ' …' : ''}`);
  const mandate = await mandateFor(homeDir(), client.tenant, options.mandate, options.profile).catch(async (error) => {
    // Without a key of the tenant here: is there such a tenant at all?
    if (codeOf(error) === 'SIGNER_UNAVAILABLE') await client.call('listBuilds');
    throw error;
  });
  const rules = intakeRules(mandate.bundle, new Date());
  checkIntake(documents, rules);
  const letters = rules.stops ? null : await readLetters(client);
  const resources = gazetteerArtifacts().map(({ artifact, bytes }) => ({
    kind: artifact.kind,
    media_type: artifact.media_type,
    bytes,
  }));
  const inputs: ArtifactRef[] = [
    await uploadRequest(client, documents, resources, options.profile, letters),
    await putBytes(client, 'mandate', 'application/json', mandate.bundle),
    await putBytes(client, 'mandate-signature', 'application/json', mandate.signature),
  ];
  return client.call<BuildStarted>('startBuild', {
    body: {
      pipeline: options.pipeline,
      inputs,
      trigger: { type: 'manual', actor: actor(), reason: options.reason },
      rerun_of: options.rerunOf ?? null,
    },
  });
}
