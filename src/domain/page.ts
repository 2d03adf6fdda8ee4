/** Which part of a list that is ordered by id. */
export interface Page {
  /** The `id` of the last entry of the page before. */
  readonly after?: string | undefined;
  /** 1 to 1000. */
  readonly limit: number;
}
