import type { Told } from './batch.fixture.ts';

const item = (surface: string) => ({ kind: 'item' as const, value: { surface } });

/** Three documents: two agree on one statement, one has a value with a unit and a qualifier, and one claim stays open. */
export const tinyBatch: readonly Told[] = [
  {
    source: 'ada',
    subject: 'Q10',
    claims: [
      { pid: 'P19', object: item('Q84') },
      { pid: 'P569', object: { kind: 'time', value: { iso8601: '1815-12-10' } } },
      { pid: 'P19', object: item('Springfield') },
    ],
  },
  { source: 'byron', subject: 'Q10', claims: [{ pid: 'P19', object: item('Q84') }] },
  {
    source: 'cities',
    subject: 'Q84',
    claims: [
      {
        pid: 'P2046',
        object: { kind: 'quantity', value: { amount: 1572.5, unit_qid: 'Q712226' } },
        qualifiers: [{ predicate: { surface: 'P19' }, object: item('Q9') }],
      },
    ],
  },
];
