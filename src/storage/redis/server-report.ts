/** What is wrong with a server that answers, for the log and for the operator. */
export interface Unsuited {
  /** Ends a sentence that begins with "Redis: ". */
  readonly detail: string;
  readonly message: string;
}

/** What INFO says about one server, as far as it decides whether and how it can be trusted. */
export interface ServerReport {
  readonly isPrimary: boolean;
  readonly unsuited: Unsuited | undefined;
  /** Changes when the server is restarted or promoted. */
  readonly replicationId: string;
  /** Nothing that was acknowledged is lost by a restart, provided that each write is synced (appendfsync always). */
  readonly appendsOnly: boolean;
}

const OLDEST_MAJOR = 7;

/** @param info the answer to INFO */
export function readServerReport(info: string): ServerReport {
  const fields = new Map<string, string>();
  for (const line of info.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1));
  }
  const isPrimary = fields.get('role') === 'master';
  return {
    isPrimary,
    unsuited: tooOld(fields.get('redis_version')) ?? evicting(fields.get('maxmemory_policy')),
    replicationId: fields.get('master_replid') ?? '',
    // With replicas there may be a failover, and a replica lags behind what its primary has synced.
    appendsOnly:
      isPrimary && fields.get('aof_enabled') === '1' && fields.get('connected_slaves') === '0' && fields.get('second_repl_offset') === '-1',
  };
}

function tooOld(version = 'unknown'): Unsuited | undefined {
  if (Number.parseInt(version, 10) >= OLDEST_MAJOR) return undefined;
  return {
    detail: `version ${version} is too old`,
    message: `Redis has version ${version}; Gatehouse needs ${OLDEST_MAJOR}.0 or later. Upgrade it, or name another server.`,
  };
}

function evicting(policy = 'unknown'): Unsuited | undefined {
  if (policy === 'noeviction') return undefined;
  return {
    detail: `evicts keys (maxmemory-policy ${policy})`,
    message:
      `Redis evicts keys when its memory is full (maxmemory-policy is ${policy}), so it could forget that a code was used or a token revoked. ` +
      'Set maxmemory-policy to noeviction in its configuration and by "redis-cli CONFIG SET maxmemory-policy noeviction", then start Gatehouse again.',
  };
}
