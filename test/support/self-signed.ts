import { createHash, createSign, generateKeyPairSync } from 'node:crypto';

/** DER (X.690), as far as one certificate needs it. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: readonly Buffer[]) => der(0x30, ...parts);
const identifier = (hex: string) => der(0x06, Buffer.from(hex, 'hex'));
const time = (at: Date) => der(0x17, Buffer.from(`${at.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));

const ECDSA_WITH_SHA256 = sequence(identifier('2a8648ce3d040302'));
const NAME = sequence(der(0x31, sequence(identifier('550403'), der(0x0c, Buffer.from('canary')))));
/** 127.0.0.1, 0.0.0.0, ::1, localhost and one name more (RFC 5280 4.2.1.6). */
const alternativeNames = (name: string) =>
  sequence(
    der(0x87, Buffer.from([127, 0, 0, 1])),
    der(0x87, Buffer.alloc(4)),
    der(0x87, Buffer.from([...Array<number>(15).fill(0), 1])),
    ...['localhost', name].map((each) => der(0x82, Buffer.from(each))),
  );
const BASIC_CONSTRAINTS = sequence(der(0x01, Buffer.from([255])));

/** digitalSignature and keyCertSign (RFC 5280 4.2.1.3). */
const KEY_USAGE = der(0x03, Buffer.from([2, 0x84]));

/** A certificate for loopback and one name more that signs itself, good for an hour, and strict enough for OpenSSL’s strictest. PEM. */
export function selfSigned(name = 'localhost'): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const now = Date.now();
  const extension = (id: string, value: Buffer) => sequence(identifier(id), der(0x04, value));
  const critical = (id: string, value: Buffer) => sequence(identifier(id), der(0x01, Buffer.from([255])), der(0x04, value));
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    ECDSA_WITH_SHA256,
    NAME,
    sequence(time(new Date(now - 60_000)), time(new Date(now + 3_600_000))),
    NAME,
    spki,
    der(
      0xa3,
      sequence(
        extension('551d11', alternativeNames(name)),
        extension('551d0e', der(0x04, createHash('sha256').update(spki).digest().subarray(0, 20))),
        critical('551d0f', KEY_USAGE),
        critical('551d13', BASIC_CONSTRAINTS),
      ),
    ),
  );
  const signature = createSign('sha256').update(toBeSigned).sign(privateKey);
  const certificate = sequence(toBeSigned, ECDSA_WITH_SHA256, der(0x03, Buffer.from([0]), signature));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
  };
}
