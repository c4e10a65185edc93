import { afterAll, beforeAll } from 'vitest';
import { describeFiles } from './input-files.ts';
import { describeHttp } from './input-http.ts';
import { describeLarge } from './input-large.ts';
import { describePoison } from './input-poison.ts';
import { closeInput, openInput } from './input-world.ts';

// Input as it comes. Whatever it is: a build that says where every document went, or a code and a next step, in bounded memory.
beforeAll(openInput);
afterAll(closeInput);

describeFiles();
describePoison();
describeHttp();
describeLarge();
