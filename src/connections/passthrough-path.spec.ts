import fc from 'fast-check';
import { namesIn, pathBelow, pathWithoutNames } from './passthrough-path';

const ROOT = 'https://vendor.example/api/v2';

it.each([
  ['clients', '/clients'],
  ['/clients/C-00000001', '/clients/C-00000001'],
  ['centers/1/patients/remote_id:4711', '/centers/1/patients/remote_id:4711'],
  ['user/byname/J%C3%B6rg%20O%27Neill', '/user/byname/J%C3%B6rg%20O%27Neill'],
  ['.well-known/x', '/.well-known/x'],
  ["a/b-c_d~e.f!$&'()*+,=", "/a/b-c_d~e.f!$&'()*+,="],
])('%s stays below the root', (path, below) => {
  expect(pathBelow(ROOT, path)).toBe(below);
});

it('whatever is let through is what every parser makes of it, below the root', () => {
  const piece = fc.oneof(
    fc.string({ maxLength: 4 }),
    fc.constantFrom(
      '..',
      '.',
      '/',
      '//',
      '\\',
      '@',
      '%2e',
      '%2F',
      '%5c',
      '%00',
      '%09',
      '\t',
      '\n',
      'http:',
      'users',
      '%c0%ae',
    ),
    fc.constantFrom(
      '%25',
      '?',
      '#',
      ';',
      ':',
      ' ',
      '%20',
      'é',
      '%C3%A9',
      '％',
      '%EF%BC%8F',
      '%e2%80%a5',
      '\ud800',
    ),
  );
  let passed = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      const path = pieces.join('');
      const below = pathBelow(ROOT, path);
      if (below === null) return;
      passed += 1;
      const { href, origin, pathname, search, hash, username } = new URL(ROOT + below);
      expect({ href, origin, search, hash, username }).toEqual({
        href: ROOT + below,
        origin: 'https://vendor.example',
        search: '',
        hash: '',
        username: '',
      });
      expect(pathname.startsWith('/api/v2/')).toBe(true);
      const decoded = decodeURIComponent(pathname).normalize('NFKC');
      expect(decoded).not.toMatch(/\\|@|%|\/\/|\p{Cc}/u);
      expect(decoded.split('/').filter((segment) => /^[.\s]*$/.test(segment))).toEqual(['']);
      expect(decoded.split('/')).toHaveLength(pathname.split('/').length);
    }),
    { numRuns: 5000 },
  );
  expect(passed).toBeGreaterThan(50);
});

it.each([
  ['/clients/C-00000001', '/clients/C-00000001'],
  ['/clients/search', '/clients/*'],
  ['/user/byname/annabel', '/user/byname/*'],
  ['/user/byname/Annabel', '/user/byname/*'],
  ['/clients/07700900123', '/clients/*'],
  [
    '/appointments/starttime/1577836800/endtime/1577840400',
    '/appointments/starttime/1577836800/endtime/1577840400',
  ],
  [
    '/employees/e7fdc1f5-5643-431e-a437-69f7a512c37f/unavailability',
    '/employees/e7fdc1f5-5643-431e-a437-69f7a512c37f/unavailability',
  ],
  ['/centers/1/patients/remote_id:4711', '/centers/1/patients/remote_id:4711'],
  ['/centers/1/patients/remote_id:annabel', '/centers/1/patients/*'],
  ['/notes/a%20b', '/notes/*'],
])('of %s the audit keeps %s', (path, kept) => {
  expect(pathWithoutNames(path)).toBe(kept);
});

it('a path names records by its segments, and by what follows a colon', () => {
  expect(namesIn('/centers/1/patients/remote_id:a%2Cb')).toEqual([
    'centers',
    '1',
    'patients',
    'remote_id:a,b',
    'a,b',
  ]);
});
