/** `node --require` this, and node runs TypeScript as jest does: what is measured must not run inside jest. */
const { readFileSync } = require('node:fs');
const { transformSync } = require('@swc/core');
const { jest } = require('../../package.json');

const [, { jsc }] = jest.transform['^.+\\.ts$'];

require.extensions['.ts'] = (module, filename) => {
  const { code } = transformSync(readFileSync(filename, 'utf8'), {
    filename,
    jsc,
    swcrc: false,
    module: { type: 'commonjs' },
    sourceMaps: 'inline',
  });
  module._compile(code, filename);
};
require('reflect-metadata');
