import type { z } from 'zod';
import { artifactRefSchema } from './ids.ts';
import {
  buildActionSchema,
  buildStartedSchema,
  buildStatusSchema,
  bundleSchema,
  caseSchema,
  checkpointViewSchema,
  createReleaseSchema,
  fsckSchema,
  inclusionProofSchema,
  joinNodeSchema,
  nodeSchema,
  pageOf,
  releaseStatusSchema,
  startBuildSchema,
} from './messages/api.ts';
import { buildRecordSchema } from './records/build-record.ts';

/**
 * Every HTTP operation: owner, method, path, request, response. One origin serves them all; the owner answers.
 * `body: 'bytes'` takes or gives raw bytes. `stream` is server-sent events with resume by Last-Event-ID.
 */
export type Route = {
  service: 'orchestrator' | 'gatekeeper' | 'audit' | 'release';
  method: 'GET' | 'POST' | 'PUT';
  path: string;
  summary: string;
  request?: z.ZodType | 'bytes';
  response: z.ZodType | 'bytes' | 'stream' | 'empty';
  status: number;
  /** Without a token: only what a node fetches and what proves liveness. */
  open?: true;
};

const t = '/v1/tenants/:tenant';
export const routes = {
  putArtifact: {
    service: 'orchestrator',
    method: 'POST',
    path: `${t}/artifacts`,
    summary: 'Store bytes; answers their reference. Headers: x-artifact-kind, content-type',
    request: 'bytes',
    response: artifactRefSchema,
    status: 201,
  },
  getArtifact: {
    service: 'orchestrator',
    method: 'GET',
    path: `${t}/artifacts/:digest`,
    summary: 'Bytes of an artifact, verified while read',
    response: 'bytes',
    status: 200,
  },
  startBuild: {
    service: 'orchestrator',
    method: 'POST',
    path: `${t}/builds`,
    summary: 'Start a build',
    request: startBuildSchema,
    response: buildStartedSchema,
    status: 202,
  },
  listBuilds: {
    service: 'orchestrator',
    method: 'GET',
    path: `${t}/builds`,
    summary: 'Builds, newest first',
    response: pageOf(buildStatusSchema),
    status: 200,
  },
  getBuild: {
    service: 'orchestrator',
    method: 'GET',
    path: `${t}/builds/:build`,
    summary: 'State of a build, its stages and why it waits',
    response: buildStatusSchema,
    status: 200,
  },
  watchBuild: {
    service: 'orchestrator',
    method: 'GET',
    path: `${t}/builds/:build/events`,
    summary: 'State changes of a build as they commit',
    response: 'stream',
    status: 200,
  },
  cancelBuild: {
    service: 'orchestrator',
    method: 'POST',
    path: `${t}/builds/:build/cancel`,
    summary: 'Cancel: nothing more is authorized',
    request: buildActionSchema,
    response: buildStatusSchema,
    status: 202,
  },
  pauseBuild: {
    service: 'orchestrator',
    method: 'POST',
    path: `${t}/builds/:build/pause`,
    summary: 'Issue no further stage until resumed',
    request: buildActionSchema,
    response: buildStatusSchema,
    status: 202,
  },
  resumeBuild: {
    service: 'orchestrator',
    method: 'POST',
    path: `${t}/builds/:build/resume`,
    summary: 'Go on after a pause, or try a blocked stage again',
    request: buildActionSchema,
    response: buildStatusSchema,
    status: 202,
  },
  listCases: {
    service: 'orchestrator',
    method: 'GET',
    path: `${t}/cases`,
    summary: 'Cases, newest first',
    response: pageOf(caseSchema),
    status: 200,
  },
  getCheckpoint: {
    service: 'audit',
    method: 'GET',
    path: `${t}/log/checkpoint`,
    summary: 'Newest signed checkpoint',
    response: checkpointViewSchema,
    status: 200,
  },
  getProof: {
    service: 'audit',
    method: 'GET',
    path: `${t}/log/proofs/:index`,
    summary: 'Inclusion proof of an entry in the newest checkpoint',
    response: inclusionProofSchema,
    status: 200,
  },
  exportLog: {
    service: 'audit',
    method: 'GET',
    path: `${t}/log/entries`,
    summary: 'Entries as JSON Lines {index, leaf}; query from, to',
    response: 'bytes',
    status: 200,
  },
  fsckLog: {
    service: 'audit',
    method: 'POST',
    path: `${t}/log/fsck`,
    summary: 'Read every entry and artifact back and compare',
    response: fsckSchema,
    status: 200,
  },
  getRecord: {
    service: 'audit',
    method: 'GET',
    path: `${t}/records/:build`,
    summary: 'Build Record, folded from the sealed log',
    response: buildRecordSchema,
    status: 200,
  },
  getPublicRecord: {
    service: 'audit',
    method: 'GET',
    path: `${t}/records/:build/public`,
    summary: 'The record in the public kOA form',
    response: 'bytes',
    status: 200,
  },
  getBundle: {
    service: 'audit',
    method: 'GET',
    path: `${t}/records/:build/bundle`,
    summary: 'Signed inventory of the evidence of a build',
    response: bundleSchema,
    status: 200,
  },
  createRelease: {
    service: 'release',
    method: 'POST',
    path: `${t}/releases`,
    summary: 'Release a completed build to a channel',
    request: createReleaseSchema,
    response: releaseStatusSchema,
    status: 202,
  },
  listReleases: {
    service: 'release',
    method: 'GET',
    path: `${t}/releases`,
    summary: 'Releases, newest first',
    response: pageOf(releaseStatusSchema),
    status: 200,
  },
  getRelease: {
    service: 'release',
    method: 'GET',
    path: `${t}/releases/:release`,
    summary: 'State of a release and of its nodes',
    response: releaseStatusSchema,
    status: 200,
  },
  joinNode: {
    service: 'release',
    method: 'POST',
    path: `${t}/nodes`,
    summary: 'Enroll a node with its public key',
    request: joinNodeSchema,
    response: nodeSchema,
    status: 201,
  },
  listNodes: {
    service: 'release',
    method: 'GET',
    path: `${t}/nodes`,
    summary: 'Nodes and what they run',
    response: pageOf(nodeSchema),
    status: 200,
  },
  getNonce: {
    service: 'release',
    method: 'GET',
    path: `${t}/nodes/:node/nonce`,
    summary: 'A fresh nonce for the node’s next report',
    response: 'bytes',
    status: 200,
    open: true,
  },
  reportNode: {
    service: 'release',
    method: 'POST',
    path: `${t}/nodes/:node/reports`,
    summary: 'A signed, nonce-bound report of a node (DSSE)',
    request: 'bytes',
    response: 'empty',
    status: 202,
    open: true,
  },
  getChannelFile: {
    service: 'release',
    method: 'GET',
    path: `${t}/tuf/*`,
    summary: 'TUF metadata and targets of the tenant’s channels',
    response: 'bytes',
    status: 200,
    open: true,
  },
} as const satisfies Record<string, Route>;
export type OperationId = keyof typeof routes;
