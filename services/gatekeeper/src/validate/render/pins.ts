/**
 * The template that this checker has read and knows to say nothing of any subject. A changed template is another one until a person has read it
 * and changed this line.
 */
export const pinnedTemplateRef = 'sha256:e42d9554f781e81873c1ab92e8ac374ef71eb5f56b15b93605080d694f09f184';
