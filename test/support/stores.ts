/** A store the tests can run a server on. */
export interface StoreForTests {
  readonly name: string;
  /** The GATEHOUSE_ variables that name a fresh, empty one. For SQLite the data folder does so already. */
  fresh(): Promise<Readonly<Record<string, string>>>;
}

/** Every store there is; what has to hold for a server holds on each of them. */
export async function storesForTests(): Promise<readonly StoreForTests[]> {
  return [{ name: 'sqlite', fresh: async () => ({}) }];
}
