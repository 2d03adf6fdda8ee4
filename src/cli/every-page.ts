import type { Page } from '../domain/page.ts';

const PAGE_SIZE = 1000;

/** Everything a store lists, page after page. */
export async function everyPage<Item extends { readonly id: string }>(
  list: (page: Page) => Promise<readonly Item[]>,
): Promise<readonly Item[]> {
  const items: Item[] = [];
  for (;;) {
    const page = await list({ limit: PAGE_SIZE, after: items.at(-1)?.id });
    items.push(...page);
    if (page.length < PAGE_SIZE) return items;
  }
}
