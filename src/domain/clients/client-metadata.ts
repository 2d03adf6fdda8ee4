import { z } from 'zod';
import { isSafeAddress } from '../../lib/safe-address.ts';
import { InvalidValueError } from '../errors.ts';
import { ASSERTION_ALGORITHMS, SIGNING_ALGORITHMS } from '../keys/signing-algorithms.ts';

const webUrl = z.url({ protocol: /^https?$/ }).max(2048);
const text = z
  .string()
  .min(1)
  .max(120)
  .regex(/^[^\p{Cc}\u202a-\u202e\u2066-\u2069]+$/u, 'one line, without control or direction characters');

/** Metadata that is kept as it is (RFC 7591 section 2, OpenID Connect Registration section 2) because the engine or the consent page reads it. */
const keptShape = {
  grant_types: z.array(z.enum(['authorization_code', 'refresh_token', 'client_credentials'])).optional(),
  client_uri: webUrl.optional(),
  logo_uri: webUrl.optional(),
  tos_uri: webUrl.optional(),
  policy_uri: webUrl.optional(),
  contacts: z.array(z.string().max(254)).max(10).optional(),
  jwks: z.strictObject({ keys: z.array(z.record(z.string(), z.json())).min(1).max(20) }).optional(),
  jwks_uri: z
    .url({ protocol: /^https$/ })
    .max(2048)
    .optional(),
  token_endpoint_auth_method: z.enum(['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none']).optional(),
  token_endpoint_auth_signing_alg: z.enum(ASSERTION_ALGORITHMS).optional(),
  id_token_signed_response_alg: z.enum(SIGNING_ALGORITHMS).optional(),
  code_login: z.boolean().optional(),
  default_max_age: z.int().min(0).optional(),
  require_auth_time: z.boolean().optional(),
  backchannel_logout_uri: z.url().max(2048).refine(isSafeAddress, 'an https address (http on localhost alone)').optional(),
  backchannel_logout_session_required: z.boolean().optional(),
  software_id: text.optional(),
  software_version: text.optional(),
};

/** The whole of a metadata document: what is kept, and what becomes a field of Client. */
const metadataSchema = z.strictObject({
  ...keptShape,
  client_name: text.optional(),
  redirect_uris: z.array(z.string().max(2048)).max(50).optional(),
  post_logout_redirect_uris: z.array(z.string().max(2048)).max(50).optional(),
  scope: z.string().max(4096).optional(),
  response_types: z.array(z.literal('code')).optional(),
  application_type: z.enum(['web', 'native']).optional(),
  subject_type: z.literal('public').optional(),
  require_pkce: z.boolean().optional(),
  refresh_without_offline_access: z.boolean().optional(),
  allowed_origins: z.array(z.string().max(2048)).max(50).optional(),
  allowed_addresses: z.array(z.string().max(60)).max(100).optional(),
});

export type ClientMetadata = z.infer<typeof metadataSchema>;

export const KEPT_METADATA = Object.keys(keptShape) as readonly (keyof typeof keptShape)[];

/** @throws InvalidValueError that names the first member that will not do, and why */
export function parseClientMetadata(document: unknown): ClientMetadata {
  const parsed = metadataSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path.join('.') || (issue?.code === 'unrecognized_keys' ? issue.keys.join(', ') : 'metadata');
  const known = issue?.code === 'unrecognized_keys' ? ` Known: ${Object.keys(metadataSchema.shape).join(', ')}.` : '';
  throw new InvalidValueError(path, `Client metadata ${path}: ${issue?.message ?? 'not a JSON object'}.${known}`);
}
