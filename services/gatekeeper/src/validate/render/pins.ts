/**
 * The template that this checker has read and knows to say nothing of any subject. A changed template is another one until a person has read it
 * and changed this line.
 */
export const pinnedTemplateRef = 'sha256:6abf0645fa9535b0e47e6eef29ca22f6c73e62f7cea368cf6e8b421d2f7f700d';
