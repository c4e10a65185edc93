/**
 * The ids and hashes of the fixture of so many statements, recorded once. They change only with the compiler or its Parquet writer, never with
 * the machine: that is what they are for.
 */
export const expected = {
  statements: 500,
  kristal_id: 'sha256:2a00a170db82710661623c85df456ad45eed3d1bcbdba9a711d3aed794230273',
  exchange_sha256: '8c3e2470145a7d01e086e785c30e4d494e80eb8e211664720c4305ca7acf7c86',
  pack_id: '09df8ccabd61a1b40c81871a39005ec05bd95ddb4e6c1b85bbaccc4066d0388b',
  files: {
    'data/triples.parquet': '7ff13db55551877fab8f426ec9ac7e4500eebe8e30ca35554d363ff9c81e55b9',
    'dict/entities.parquet': 'abb6aebe864c872b6727321b84993ea7820e49574a248191643d65c253fe8d10',
    'dict/evidence.parquet': '7d4a5fcc5cfc20b003c45ac72687b7ec0e8e4ed58787129ef71db9995349b990',
    'dict/labels.parquet': '2ff0998a41f1ed54a4fb78697ccc06cb72ee8e283c6eeddf78732ba2c276f030',
    'dict/literals.parquet': '9bf6b3a750057144ec66c98095103031868d5244f7e21331b8dbafbf227f0a5f',
    'dict/properties.parquet': '5ab0d983f9aff0ee0562487104589f15a3e4faf6be196d3a2c958fd8365af6b6',
    'dict/statements.parquet': '290cc3bd5ff4abec44572642aff7d95b05122bc454390ea905ddb998ca013853',
    'filter/spo_hash.xor8': '390f3b6d9236d2bf495c437ebc5589276480e21dc265f8cbb54027cf24ce433d',
    'index/o.roaring': 'b52591bb650a9e69bf02212201ee07ac76c067e57b989525021706b943f72e05',
    'index/p.roaring': 'bbe6d9b77dc9030494689c9acb859da02cbf75edb32b388230ebe8f8749e6018',
    'meta/statistics.json': '000fbac74723b9f2923a3857c35e90e7b7e68e3f17e8c201d3a8f502ba0c21c5',
    'query/capabilities.json': 'bb10e533cfb507bbd0aeda3aeeac54957628e8d9f85659016ed9feff27306847',
  },
};
