/** Who may import whom (dependency-cruiser). `rules.spec.ts` sees every rule fail once. */

const SPEC = '\\.spec\\.ts$';
const VENDOR = '^src/vendors/(?!kit/)[^/]+/';
const SANDBOXES = [
  '^src/vendors/[^/]+/sandbox/',
  '^src/vendors/kit/(sandbox|faults|people)\\.ts$',
  '^src/(sandbox|demo)/',
];
const npm = (...names) => `(^|/)node_modules/(${names.join('|')})/`;

/** `comment` is the sentence that a contributor reads beside the import that broke the rule. */
const rule = (name, comment, from, to) => ({
  name,
  comment,
  severity: 'error',
  from: { ...from, pathNot: [SPEC, ...(from.pathNot ?? [])] },
  to,
});

module.exports = {
  forbidden: [
    rule(
      'canonical-is-pure',
      'canonical/ is types and pure functions: it imports nothing from outside its folder.',
      { path: '^src/canonical/' },
      { pathNot: ['^src/canonical/', npm('libphonenumber-js')] },
    ),
    rule(
      'phones-in-one-place',
      "Phone numbers are read by canonical/phone.ts alone, so that every vendor's read alike.",
      { path: '^src/', pathNot: ['^src/canonical/phone\\.ts$'] },
      { path: npm('libphonenumber-js') },
    ),
    rule(
      'vendors-know-only-the-contract',
      'A vendor knows the contract, the kit, our words and its own folder: no other vendor, nothing of the gateway.',
      { path: '^src/vendors/([^/]+)', pathNot: ['^src/vendors/names\\.ts$'] },
      {
        path: '^(src|test)/',
        pathNot: ['^src/vendors/($1|kit)/', '^src/vendors/contract\\.ts$', '^src/canonical/'],
      },
    ),
    rule(
      'vendors-know-no-nest',
      'A vendor is functions and plain objects; Nest stays out of it.',
      { path: '^src/vendors/' },
      { path: npm('@nestjs/[^/]+') },
    ),
    rule(
      'nobody-names-a-vendor',
      'Outside its folder a vendor is found by registry.ts, never named: a fifth one changes no file.',
      { path: '^src/', pathNot: ['^src/vendors/'] },
      { path: VENDOR },
    ),
    rule(
      'sandboxes-are-never-shipped',
      'Sandboxes and the demo are reached by sandboxes, the demo and tests alone: production code must not need them.',
      { path: '^src/', pathNot: SANDBOXES },
      { path: SANDBOXES },
    ),
    rule(
      'vendors-serve-nothing',
      'A vendor calls and does not serve: fastify and faker belong in its sandbox/.',
      { path: '^src/vendors/', pathNot: SANDBOXES },
      { path: npm('fastify', '@faker-js/faker') },
    ),
    rule(
      'mappers-are-pure',
      'A mapper sees our words, its wire types, tables and settings: no API, no port, no clock, no network.',
      { path: '^src/vendors/([^/]+)/[^/]+\\.mapper\\.ts$' },
      {
        pathNot: [
          '^src/canonical/',
          '^src/vendors/contract\\.ts$',
          '^src/vendors/kit/(words|url|refusal)\\.ts$',
          '^src/vendors/[^/]+/([^/]+\\.(config|mapper)|wire|tables)\\.ts$',
          npm('temporal-polyfill'),
        ],
      },
    ),
    rule(
      'axios-in-one-place',
      'axios is imported by vendors/kit/http.ts, which retries, limits and redacts, and for webhooks by events/webhook-sender.ts: nothing else goes out.',
      { path: '^src/', pathNot: ['^src/vendors/kit/http\\.ts$', '^src/events/webhook-sender\\.ts$'] },
      { path: npm('axios') },
    ),
    rule(
      'typeorm-in-storage',
      'TypeORM is imported by entities, repositories, modules and platform/database/ alone.',
      { path: '^src/', pathNot: ['\\.(entity|repository|module)\\.ts$', '^src/platform/database/'] },
      { path: npm('typeorm', '@nestjs/typeorm') },
    ),
    rule(
      'swagger-at-the-edge',
      '@nestjs/swagger is imported by DTOs, controllers and platform/ alone.',
      { path: '^src/', pathNot: ['\\.(dto|controller)\\.ts$', '^src/platform/'] },
      { path: npm('@nestjs/swagger') },
    ),
    rule(
      'services-know-no-http',
      'A service sees no DTO, controller or request, so that sync and batch can call it too; its refusals are problems.ts.',
      { path: '\\.service\\.ts$' },
      {
        path: [
          '\\.(dto|controller)\\.ts$',
          '^src/platform/http/(?!problems\\.ts$)',
          npm('fastify', '@nestjs/platform-fastify'),
        ],
      },
    ),
    rule(
      'tables-are-private',
      "An entity or repository is its own feature's; others ask that feature's service.",
      { path: '^src/((?:resources/)?[^/]+)/' },
      { path: '\\.(entity|repository)\\.ts$', pathNot: ['^src/$1/'] },
    ),
    rule(
      'foundations-know-no-feature',
      'identity/ and connections/ are what resources, sync and events stand on: they do not look up.',
      { path: '^src/(identity|connections)/' },
      { path: '^src/(resources|sync|events)/' },
    ),
    rule(
      'platform-serves-only',
      'platform/ is what every server needs: it knows no feature, and of vendors only what the registry and the kit say of all.',
      { path: '^src/platform/' },
      {
        path: '^src/',
        pathNot: [
          '^src/(platform|canonical)/',
          '^src/vendors/(registry|names|contract|kit/(error|config-schema))\\.ts$',
          VENDOR,
        ],
      },
    ),
    rule(
      'production-needs-no-dev-dependency',
      'A package that src/ imports belongs under dependencies: production installs without the rest.',
      { path: '^src/' },
      { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    ),
    rule(
      'no-circular',
      'These files import each other: move what both need into a third.',
      { path: '^src/' },
      { circular: true },
    ),
    rule(
      'no-orphans',
      'Nothing imports this file and it imports nothing: remove it.',
      { path: '^src/', orphan: true },
      {},
    ),
  ],
  options: {
    tsPreCompilationDeps: 'specify', // imports of types count
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'default', 'types', 'import'],
      mainFields: ['main', 'types'],
      extensions: ['.ts', '.js', '.json', '.d.ts'],
    },
  },
};
