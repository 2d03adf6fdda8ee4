import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { accountId } from '../../src/domain/accounts/account.ts';
import { createKnownDevices } from '../../src/domain/limits/known-device.ts';
import { createKeyring } from '../../src/lib/keyring.ts';

const owner = (name: string, credentialVersion = 1) => ({ id: accountId(name), credentialVersion });

function arrange() {
  const keyring = createKeyring(Buffer.alloc(32, 'known devices'));
  let signatures = 0;
  const devices = createKnownDevices({
    ...keyring,
    sign: (purpose, message) => {
      signatures++;
      return keyring.sign(purpose, message);
    },
  });
  const signaturesOf = (work: () => unknown) => {
    signatures = 0;
    work();
    return signatures;
  };
  return { devices, signaturesOf };
}

describe('a known device', () => {
  it('has one name for each of the last four accounts', () => {
    const { devices } = arrange();
    let cookie: string | undefined;
    for (const name of ['a', 'b', 'c', 'd', 'e']) cookie = devices.remember(cookie, owner(name));
    const names = ['b', 'c', 'd', 'e'].map((name) => devices.recognise(cookie, owner(name)));
    assert.equal(new Set(names).size, 4);
    assert.ok(names.every((name) => name !== undefined));
    assert.equal(devices.recognise(cookie, owner('a')), undefined);
    assert.equal(devices.recognise(devices.remember(cookie, owner('c')), owner('c')), names[1], 'signing in again changes no name');
  });

  it('is a stranger once the credentials are others', () => {
    const { devices } = arrange();
    const cookie = devices.remember(undefined, owner('a', 1));
    assert.equal(devices.recognise(cookie, owner('a', 2)), undefined);
    const again = devices.remember(cookie, owner('a', 2));
    assert.notEqual(devices.recognise(again, owner('a', 2)), devices.recognise(cookie, owner('a', 1)));
  });

  it('takes no more work for a cookie of a thousand entries, nor for a stranger', () => {
    const { devices, signaturesOf } = arrange();
    let cookie: string | undefined;
    for (const name of ['a', 'b', 'c', 'd']) cookie = devices.remember(cookie, owner(name));
    const usual = signaturesOf(() => devices.recognise(cookie, owner('stranger')));
    const flood = Array.from({ length: 1000 }, () => cookie).join('~');
    assert.equal(
      signaturesOf(() => devices.recognise(flood, owner('stranger'))),
      usual,
    );
    const own = devices.remember(undefined, owner('own'));
    assert.equal(devices.recognise(`${flood}~${own}`, owner('own')), undefined);
  });
});
