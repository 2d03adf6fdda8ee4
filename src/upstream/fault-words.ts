/** Codes of Node and OpenSSL, as sentences about a host for whoever has to mend it. */
const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'There is no such name.',
  EAI_AGAIN: 'Names cannot be looked up at the moment.',
  ECONNREFUSED: 'Nothing listens there.',
  ECONNRESET: 'It broke the connection off.',
  EHOSTUNREACH: 'It cannot be reached from here.',
  ENETUNREACH: 'It cannot be reached from here.',
  ETIMEDOUT: 'It did not take the connection in time.',
  EPROTO: 'It does not speak TLS there, or none that fits ours.',
  ERR_SSL_WRONG_VERSION_NUMBER: 'It does not speak TLS there; its address may be an http one.',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'It does not speak TLS there; its address may be an http one.',
  CERT_HAS_EXPIRED: 'Its certificate has expired.',
  CERT_NOT_YET_VALID: 'Its certificate is not valid yet, or the clock of this machine is slow.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'Its certificate is for another name.',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'Its certificate signs itself. If that is meant, give it to this process in NODE_EXTRA_CA_CERTS.',
  SELF_SIGNED_CERT_IN_CHAIN:
    'Its certificate is of an authority this machine does not know. If that is meant, give it to this process in NODE_EXTRA_CA_CERTS.',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'Its certificate is of an authority this machine does not know. If that is meant, give it to this process in NODE_EXTRA_CA_CERTS.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'It sends its certificate without those between it and the authority.',
  HPE_HEADER_OVERFLOW: 'The headers of its answer are too long.',
};

/** @param error what a connection ended with */
export function faultWords(error: unknown): string {
  // Several addresses of one name were tried.
  const each = error instanceof AggregateError ? error.errors[0] : error;
  const { code, message } = Object(each) as { code?: unknown; message?: unknown };
  const words = typeof code === 'string' ? WORDS[code] : undefined;
  return words ?? `The connection failed: ${typeof code === 'string' ? code : String(message)}.`;
}

/** A text that somebody else wrote, fit for one line of a log. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').slice(0, 200);
}
