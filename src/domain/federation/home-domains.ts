/** What decides where addresses of a domain are sent. */
export interface Homed {
  readonly id: string;
  /** Slug or id of the tenant whose people it is for; undefined: everybody's. */
  readonly tenant: string | undefined;
  readonly homeDomains: readonly string[];
  readonly disabled: boolean;
}

export interface HomeRival<Provider extends Homed> {
  readonly rival: Provider;
  readonly domain: string;
}

/** The first of the others that would have addresses of the same domain sent to it, in a tenant where both are on offer. */
export function homeRivalOf<Provider extends Homed>(one: Homed, others: readonly Provider[]): HomeRival<Provider> | undefined {
  if (one.disabled) return undefined;
  for (const rival of others) {
    const apart = one.tenant !== undefined && rival.tenant !== undefined && one.tenant !== rival.tenant;
    if (rival.id === one.id || rival.disabled || apart) continue;
    const domain = one.homeDomains.find((each) => rival.homeDomains.includes(each));
    if (domain !== undefined) return { rival, domain };
  }
  return undefined;
}

/** For whoever has to mend it. */
export function homeRivalWords(id: string, { rival, domain }: HomeRival<Homed>): { readonly problem: string; readonly mend: string } {
  return {
    problem: `“${id}” and “${rival.id}” both have the home domain ${domain}, and an address can be sent to one place alone.`,
    mend: 'Take it out of one of them, or disable one.',
  };
}
