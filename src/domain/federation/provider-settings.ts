import { z } from 'zod';
import type { DeepReadonly } from '../../lib/deep-readonly.ts';
import { isSafeAddress } from '../../lib/safe-address.ts';
import { InvalidValueError } from '../errors.ts';
import { ROLES } from '../policy/roles.ts';
import { CREATIONS, PRESETS, PROVIDER_AUTHENTICATIONS, SECOND_FACTORS } from './upstream-provider.ts';

function isIssuer(text: string): boolean {
  const url = URL.parse(text);
  return isSafeAddress(text) && url?.username === '' && url.password === '' && !/[{}]/.test(url.host) && !/[?#\s]/.test(text);
}

/** The words follow "is not" in the faults of the configuration, and stand alone in what the command line and the API say. */
const matching = (pattern: RegExp, words: string, longest: number) => z.string().max(longest).regex(pattern, words).describe(words);

const oneLine = (longest: number) =>
  matching(/^(?!\s*$)[^\p{Cc}\u202a-\u202e\u2066-\u2069]+$/u, `one line of 1 to ${longest} characters`, longest);

const claim = oneLine(200).describe('the name of a claim, or a path to it like realm_access.roles').optional();

const roleValue = z.string().min(1).max(320);
const ROLE_VALUES = 'a value of the role claim, or a list of them';
export const roleValuesSchema = z.union([roleValue, z.array(roleValue).max(1000)], ROLE_VALUES).describe(ROLE_VALUES);

const domains = z
  .array(
    z
      .string()
      .toLowerCase()
      .max(253)
      .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, 'a domain, like example.com')
      .describe('a domain, like example.com'),
  )
  .max(1000)
  .optional();

const ISSUER = 'an https address without query, like https://id.example.com (http on localhost alone)';
export const issuerSchema = z.string().max(2048).refine(isIssuer, ISSUER).describe(ISSUER);

export const providerScopesSchema = z.array(matching(/^[\x21\x23-\x5b\x5d-\x7e]+$/, 'a scope (RFC 6749, section 3.3)', 200)).max(50);
export const clientIdSchema = oneLine(1000);
export const clientSecretSchema = z.string().min(1).max(16_384);

/** A provider as the configuration, the command line and the API spell it; settle-provider.ts adds what is left out. */
export const providerSettingsSchema = z.strictObject({
  id: matching(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, '1 to 40 of a-z, 0-9 and dashes between them', 40),
  preset: z.enum(PRESETS),
  name: oneLine(60).optional(),
  tenant: z.string().min(1).max(60).optional().nullable(),
  issuer: issuerSchema.optional(),
  client_id: clientIdSchema,
  client_secret: clientSecretSchema.optional().nullable(),
  authentication: z.enum(PROVIDER_AUTHENTICATIONS).optional(),
  scopes: providerScopesSchema.optional(),
  claims: z
    .strictObject({ email: claim, email_verified: claim, username: claim, name: claim, groups: claim, role: claim, tenant: claim })
    .optional(),
  role_map: z
    .strictObject({ admin: roleValuesSchema.optional(), operator: roleValuesSchema.optional(), viewer: roleValuesSchema.optional() })
    .optional(),
  default_role: z.enum(ROLES).optional().nullable(),
  creation: z.enum(CREATIONS).optional(),
  creation_domains: domains,
  trusted_domains: domains,
  home_domains: domains,
  second_factor: z.enum(SECOND_FACTORS).optional(),
  ends_session: z.boolean().optional(),
  keeps_tokens: z.boolean().optional(),
  enabled: z.boolean().optional(),
});

export type ProviderSettings = DeepReadonly<z.infer<typeof providerSettingsSchema>>;

/** A provider keeps its id, its kind and its tenant for life. */
export const providerChangeSchema = providerSettingsSchema.omit({ id: true, preset: true, tenant: true }).partial();

/** Members replace what the provider has. */
export type ProviderChange = DeepReadonly<z.infer<typeof providerChangeSchema>>;

/** @throws InvalidValueError that names the first member that will not do, and why */
export function parseProviderSettings(document: unknown): ProviderSettings {
  return parse(providerSettingsSchema, document);
}

/** @throws InvalidValueError that names the first member that will not do or cannot be changed, and why */
export function parseProviderChange(document: unknown): ProviderChange {
  return parse(providerChangeSchema, document);
}

function parse<Shape extends z.core.$ZodLooseShape>(schema: z.ZodObject<Shape, z.core.$strict>, document: unknown) {
  const parsed = schema.safeParse(document, { reportInput: true });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    const name = [...issue.path, issue.keys[0]].join('.');
    const known = issue.path.length === 0 ? ` There are: ${Object.keys(schema.shape).join(', ')}.` : '';
    throw new InvalidValueError(name, `There is no ${name} to set.${known}`);
  }
  const name = issue?.path.join('.') || 'provider';
  throw new InvalidValueError(name, issue?.input === undefined ? `A provider needs ${name}.` : `${name} will not do: ${issue.message}.`);
}
