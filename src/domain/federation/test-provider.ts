import { homeRivalOf, homeRivalWords } from './home-domains.ts';
import type { ProviderRegistry } from './provider-registry.ts';
import type { Upstream, UpstreamFinding } from './upstream.ts';
import type { UpstreamProvider } from './upstream-provider.ts';

interface TestDeps {
  readonly upstream: Pick<Upstream, 'test'>;
  readonly providers: Pick<ProviderRegistry, 'list'>;
}

/** Everything that can be known of a provider without a sign-in, in words: what it says itself, and how it stands beside our others. */
export async function testProvider(provider: UpstreamProvider, { upstream, providers }: TestDeps): Promise<readonly UpstreamFinding[]> {
  const all = await providers.list(undefined);
  const found = homeRivalOf(provider, all);
  const findings = await upstream.test(provider);
  if (!found) return findings;
  const { problem, mend } = homeRivalWords(provider.id, found);
  const winner = all.find(({ id }) => id === provider.id || id === found.rival.id);
  return [...findings, { what: 'home domains', fine: false, message: `${problem} It is “${winner?.id}” now. ${mend}` }];
}
