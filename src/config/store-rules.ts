import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { whyUnreadable } from './references.ts';
import type { Rule } from './rule.ts';

/** Scheme, hosts, database, options. Several hosts with ports make it an address that URL cannot read. */
const MONGODB_URI = /^mongodb(?:\+srv)?:\/\/[^/?]+(?:\/([^/?]*))?(?:\?.*)?$/;

const MONGODB_OWN = ['admin', 'config', 'local'];

/** What the shape of the second store cannot say. Where another store is chosen its keys have no value, and nothing is broken. */
export const STORE_RULES: readonly Rule[] = [
  {
    path: 'storage.mongodb.uri',
    check({ value }) {
      const uri = value('storage.mongodb.uri');
      if (uri === undefined) return undefined;
      const parts = MONGODB_URI.exec(String(uri));
      if (!parts)
        return ['The value is not an address of MongoDB.', 'Write it like mongodb://mongo1.example.com,mongo2.example.com/gatehouse.'];
      const [, database = ''] = parts;
      if (database === '')
        return ['The address does not say which database.', 'Put its name after the hosts, like mongodb://mongo.example.com/gatehouse.'];
      return MONGODB_OWN.includes(database)
        ? [`${database} is a database of MongoDB itself.`, 'Name another; the option authSource says where people are kept.']
        : undefined;
    },
  },
  {
    path: 'storage.mongodb.password',
    check: ({ value }) =>
      typeof value('storage.mongodb.password') === 'string' && value('storage.mongodb.username') === null
        ? ['There is a password and nobody it belongs to.', 'Set storage.mongodb.username.']
        : undefined,
  },
  {
    path: 'storage.mongodb.ca_file',
    check({ value }) {
      const file = value('storage.mongodb.ca_file');
      return typeof file === 'string' ? unreadable(file) : undefined;
    },
  },
  {
    path: 'storage.redis.nodes',
    check({ value }) {
      const nodes = value('storage.redis.nodes');
      if (!Array.isArray(nodes)) return undefined;
      if (nodes.length === 0) return ['There is no server in the list.', 'Write at least one, like ["redis.example.com:6379"].'];
      const outside = nodes.find((node) => portOf(node) < 1 || portOf(node) > 65_535);
      if (outside !== undefined) return [`${outside} has a port outside of 1 to 65535.`, 'Correct the number after the last colon.'];
      return value('storage.redis.topology') === 'single' && nodes.length > 1
        ? ['The topology single has one server.', 'Leave one in the list, or set storage.redis.topology to sentinel or cluster.']
        : undefined;
    },
  },
  {
    path: 'storage.redis.primary_name',
    check: ({ value }) =>
      value('storage.redis.topology') === 'sentinel' && value('storage.redis.primary_name') === null
        ? [
            'Sentinels watch primaries by name, and none is given.',
            'Write the name that stands in their configuration (sentinel monitor NAME …).',
          ]
        : undefined,
  },
  {
    path: 'storage.redis.username',
    check: ({ value }) =>
      typeof value('storage.redis.username') === 'string' && value('storage.redis.password') === null
        ? ['There is a user without a password.', 'Set storage.redis.password.']
        : undefined,
  },
  {
    path: 'storage.redis.ca_file',
    check({ value }) {
      const file = value('storage.redis.ca_file');
      if (typeof file !== 'string') return undefined;
      return value('storage.redis.tls') === false
        ? ['Authorities count only where TLS is spoken.', 'Set storage.redis.tls to true.']
        : unreadable(file);
    },
  },
  {
    path: 'storage.redis.database',
    check: ({ value }) =>
      value('storage.redis.topology') === 'cluster' && Number(value('storage.redis.database')) > 0
        ? ['A cluster has database 0 alone.', 'Set it to 0; storage.redis.key_prefix keeps several users of a cluster apart.']
        : undefined,
  },
];

const portOf = (node: unknown) => Number(String(node).split(':').at(-1));

function unreadable(file: string): ReturnType<Rule['check']> {
  if (!isAbsolute(file)) return [`${JSON.stringify(file)} is not an absolute path.`, 'Write the whole path, like /etc/gatehouse/ca.pem.'];
  try {
    readFileSync(file);
    return undefined;
  } catch (error) {
    return [`The file ${file} ${whyUnreadable(error)}.`, 'Put the file there for this user to read, or correct the path.'];
  }
}
