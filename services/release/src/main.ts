import { serviceProcess } from '@orgo/store/process';
import { createRelease, releaseConfig } from './service.ts';

await serviceProcess('release', releaseConfig, createRelease);
