/** What of a provider decides where addresses of a domain are sent. */
export interface Homed {
  readonly id: string;
  /** The tenant whose people it is for, by its slug where that alone is known; undefined: everybody's. */
  readonly tenantId: string | undefined;
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
    const apart = one.tenantId !== undefined && rival.tenantId !== undefined && one.tenantId !== rival.tenantId;
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
