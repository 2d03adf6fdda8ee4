import type { Route } from '../../src/http/rest/route.ts';

/** What nobody sends by mistake. */
export interface Hostile {
  readonly name: string;
  readonly body?: Buffer | string;
  /** Else application/json. */
  readonly type?: string;
  /** After the `?`. */
  readonly query?: string;
  /** In place of each parameter of the path. */
  readonly parameter?: string;
}

type Members = Readonly<Record<string, unknown>>;

const OPERATORS: readonly unknown[] = [{ $ne: null }, { $gt: '' }, { $regex: '.*' }, { $where: 'sleep(1000)' }];
/** Of no member's type, wherever it is put. */
const ODD: readonly (readonly [string, unknown])[] = [
  ['an array', ['a', 'b', { $ne: null }]],
  ['an array in an array', [[]]],
  ['a huge number', 1e308],
  ['a deep object', deep(40)],
  ['a text with NUL', 'a\0b'],
  ['a long text', 'x'.repeat(100 * 1024)],
];

/** What a member might be taken for by whoever spreads a body into a record. */
const ASSIGNED: Members = {
  role: 'admin',
  Role: 'admin',
  superAdministrator: true,
  IsSuperAdmin: true,
  emailVerified: true,
  email_verified: true,
  tenantId: '00000000-0000-4000-8000-000000000099',
  tenant_id: '00000000-0000-4000-8000-000000000099',
  accountId: '00000000-0000-4000-8000-000000000099',
  id: '00000000-0000-4000-8000-000000000099',
  scopes: ['admin:all'],
  secondFactor: true,
  passwordHash: 'x',
  $set: { role: 'admin' },
};

function deep(levels: number): unknown {
  let value: unknown = { $ne: null };
  for (let level = 0; level < levels; level++) value = { a: value };
  return value;
}

const json = (name: string, value: unknown): Hostile => ({ name, body: JSON.stringify(value) });

function membersOf({ bodyExample }: Route): Members {
  return typeof bodyExample === 'object' && bodyExample !== null ? { ...bodyExample } : {};
}

/** Bodies that nothing may come of, by whatever route. */
export function hostileBodies(route: Route): readonly Hostile[] {
  const example = membersOf(route);
  const [first = 'name'] = Object.keys(example);
  const text = (name: string, body: string): Hostile => ({ name, body });
  return [
    json('an operator as the body', { $ne: null }),
    json('an array as the body', [example]),
    json('a text as the body', 'text'),
    json('a number as the body', 1),
    json('null as the body', null),
    json('deep nesting', deep(2000)),
    text('deep nesting of arrays', '['.repeat(20_000)),
    text('__proto__', `{"__proto__":{"polluted":true},${JSON.stringify(example).slice(1)}`.replace(',}', '}')),
    json('constructor.prototype', { ...example, constructor: { prototype: { polluted: true } } }),
    json('prototype', { ...example, prototype: { polluted: true } }),
    json('a name with NUL', { ...example, 'a\0b': 1 }),
    json('a megabyte', { ...example, filler: 'x'.repeat(1024 * 1024) }),
    text('no JSON', '{"a":'),
    text('two values', '{}{}'),
    text('a member twice', `{"${first}":"a",${JSON.stringify({ [first]: 'b', ...example }).slice(1)}`),
    text('half a character', `{"${first}":"\\ud800"}`),
    { name: 'no UTF-8', body: Buffer.concat([Buffer.from(`{"${first}":"`), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from('"}')]) },
    { name: 'UTF-16', body: Buffer.from(JSON.stringify({ ...example, filler: 1 }), 'utf16le') },
    { name: 'a form', body: 'role=admin&a[$ne]=1', type: 'application/x-www-form-urlencoded' },
    { name: 'plain text', body: JSON.stringify({ a: 1, ...example }), type: 'text/plain' },
    { name: 'XML', body: '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', type: 'application/xml' },
    { name: 'no type', body: JSON.stringify({ a: 1, ...example }), type: '' },
    ...Object.entries(ASSIGNED)
      .filter(([name]) => !(name in example))
      .map(([name, value]) => json(`the member ${name}`, { ...example, [name]: value })),
    ...Object.keys(example).flatMap((name) => [
      ...OPERATORS.map((operator) => json(`${name} is ${JSON.stringify(operator)}`, { ...example, [name]: operator })),
      ...ODD.map(([what, value]) => json(`${name} is ${what}`, { ...example, [name]: value })),
      ...(accepts(route, { ...example, [name]: null }) ? [] : [json(`${name} is null`, { ...example, [name]: null })]),
    ]),
  ];
}

/** `null` is something to say where the documentation says so. */
const accepts = ({ body }: Route, value: unknown) => body?.safeParse(value).success === true;

export function hostileQueries(route: Route): readonly Hostile[] {
  const schema = route.query as { readonly shape?: Members } | undefined;
  const names = Object.keys(schema?.shape ?? {}).filter((name) => name !== 'token');
  const query = (text: string): Hostile => ({ name: `?${text.slice(0, 40)}`, query: text });
  return [
    ...['a=1&a=2', '__proto__=1', 'constructor=1', 'prototype=1', 'a=%00', '__proto__[polluted]=1&__proto__[polluted]=2'].map(query),
    ...(schema ? ['a=1', '$where=1', 'role=admin', 'tenantId=x', '__proto__[polluted]=1'].map(query) : []),
    ...names.flatMap((name) =>
      [`${name}[$ne]=`, `${name}[]=a`, `${name}=a&${name}=b`, `${name}=%00`, `${name}=${'x'.repeat(4000)}`].map(query),
    ),
  ];
}

export function hostileParameters({ path }: Route): readonly Hostile[] {
  if (!path.includes('{')) return [];
  const values = [
    '..%2f..%2fetc%2fpasswd',
    '%2e%2e%2f',
    '%00',
    'a%00b',
    '[$ne]',
    '%7B%22$ne%22%3Anull%7D',
    '__proto__',
    'constructor',
    '%ff',
    '%zz',
    '%ud800',
    "'%20OR%201%3D1--",
    '*',
    'undefined',
    // Twice in one address, and still less than the most that a request line may be.
    'x'.repeat(7 * 1024),
  ];
  return values.map((parameter) => ({ name: `the parameter ${parameter.slice(0, 30)}`, parameter }));
}
