/** What may start a build, as the request for it, its claims and its record say. */
export const triggerTypes = ['manual', 'schedule', 'webhook', 'incident', 'release', 'other'] as const;
