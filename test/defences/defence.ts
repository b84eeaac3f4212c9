/** One change of a source: the text that must be there, exactly once, and what stands in its place. */
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly put: string;
}
/** A defence, what takes it away, and the tests that must then fail; with `stays`, the ones that must not. */
export interface Defence {
  readonly name: string;
  readonly edits: readonly Edit[];
  readonly spec: string;
  readonly tests: readonly string[];
  readonly stays?: true;
}
