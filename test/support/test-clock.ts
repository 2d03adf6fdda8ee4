export interface TestClock {
  readonly now: () => Date;
  advance(seconds: number): void;
}

/** Real time, moved on by as much as the test asks. */
export function createTestClock(): TestClock {
  let ahead = 0;
  return {
    now: () => new Date(Date.now() + ahead),
    advance(seconds) {
      ahead += seconds * 1000;
    },
  };
}
