import { Keyring } from './signer.ts';

/** Opens the keys of a process: those of the folder. Nothing is read before a signer is asked for. */
export const openKeyring = (dir: string): Keyring => Keyring.open(dir);
