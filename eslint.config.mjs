import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const SPECS = ['src/**/*.spec.ts', 'test/**/*.ts'];
const lines = (max) => ['error', { max }];
const forbid = (...pairs) => ['error', ...pairs.map(([selector, message]) => ({ selector, message }))];

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'openapi/', '.data/'] },
  js.configs.recommended,
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/max-params': ['error', { max: 4 }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreRestSiblings: true }],
      complexity: ['error', { max: 12 }],
      eqeqeq: 'error',
      'max-lines': lines(250),
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      // Nest's modules and DTOs are classes without methods.
      '@typescript-eslint/no-extraneous-class': 'off',
      // These fire on every plain object that becomes a DTO, and on every DTO that becomes a plain object.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/no-misused-spread': 'off',
    },
  },
  { files: ['src/main.ts', 'src/vendors/*/index.ts'], rules: { 'max-lines': lines(80) } },
  {
    // A migration is one statement after the other, and is never changed again.
    files: ['src/platform/database/migrations/*.ts'],
    rules: { 'max-lines': 'off', 'max-lines-per-function': 'off' },
  },
  {
    // What Nest injects comes through the constructor.
    files: ['src/**/*.{service,controller,module,repository,guard,interceptor,filter}.ts'],
    rules: { '@typescript-eslint/max-params': 'off' },
  },
  {
    files: ['src/**/*.controller.ts'],
    rules: {
      'max-lines': lines(150),
      'no-restricted-syntax': forbid(
        [
          'MethodDefinition[kind="method"] > FunctionExpression > BlockStatement[body.length>1]',
          'A controller method is one statement: what else there is to do belongs in the service.',
        ],
        [
          ':matches(IfStatement, SwitchStatement, TryStatement, ForStatement, ForInStatement, ForOfStatement, WhileStatement, DoWhileStatement)',
          'A controller decides nothing: branches, loops and try belong in the service.',
        ],
      ),
    },
  },
  {
    files: ['src/**/*.mapper.ts'],
    rules: {
      'no-restricted-syntax': forbid(
        [
          ':matches(AwaitExpression, :function[async=true])',
          'A mapper never waits: the port hands it all it needs.',
        ],
        ['ThisExpression', 'A mapper is functions and plain objects.'],
        [
          ':matches(NewExpression[callee.name="Date"][arguments.length=0], CallExpression[callee.name="Date"], MemberExpression[object.name="Date"][property.name="now"], MemberExpression[object.name="Temporal"][property.name="Now"])',
          'A mapper has no clock: same input, same output.',
        ],
        [
          'MemberExpression[object.name="Math"][property.name="random"]',
          'A mapper rolls no dice: same input, same output.',
        ],
      ),
    },
  },
  {
    files: ['src/canonical/**/*.ts', 'src/vendors/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        {
          name: 'fetch',
          message: 'Vendors are called through VendorHttp, which retries, limits and redacts.',
        },
      ],
    },
  },
  {
    files: SPECS,
    rules: {
      'max-lines': lines(400),
      'max-lines-per-function': 'off',
      // Tests look into answers whose shape is what they assert.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
  { files: ['src/cli/**', 'src/demo/**', 'test/bench/**'], rules: { 'no-console': 'off' } },
  {
    files: ['**/*.{mjs,cjs}'],
    extends: [tseslint.configs.disableTypeChecked],
    languageOptions: {
      globals: { module: 'writable', require: 'readonly', process: 'readonly', __dirname: 'readonly' },
    },
    rules: { '@typescript-eslint/no-require-imports': 'off' },
  },
);
