import { serviceProcess } from '@orgo/store/process';
import { auditConfig, createAudit } from './service.ts';

await serviceProcess('audit', auditConfig, createAudit);
