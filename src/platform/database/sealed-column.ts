/** A column with sealed texts, as its feature tells of it to whoever seals them anew. The strings are SQL. */
export interface SealedColumn {
  readonly table: string;
  /** What the column is called in reports. */
  readonly name: string;
  /** The columns of the table's key, in its order, each with its type. */
  readonly key: Readonly<Record<string, 'uuid' | 'text' | 'integer'>>;
  /** The sealed text of a row. */
  readonly text: string;
  /** What an update sets to put another text in its place. */
  readonly put: (text: string) => string;
  /** Where a row's text is sealed for, by the values of its key. */
  readonly place: (...key: string[]) => string;
}

/** What a sealed text looks like, as a regular expression: the id of a key, a dot, at least a nonce and a tag; and no JSON. */
export const SEALED_TEXT = String.raw`^[A-Za-z0-9_-]{1,32}\.[A-Za-z0-9_-]{38,}$`;
