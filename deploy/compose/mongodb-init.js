// Run by mongosh in the service mongodb-init, at every `docker compose up`: each step is left out where it is done.
const { readFileSync } = require('node:fs');

const secret = (name) => readFileSync(`/run/secrets/${name}`, 'utf8').trim();

if (!db.hello().setName) rs.initiate({ _id: 'rs0', members: [{ _id: 0, host: 'mongodb:27017' }] });
while (!db.hello().isWritablePrimary) sleep(200);

const admin = db.getSiblingDB('admin');
const password = secret('mongodb-admin-password');
try {
  admin.auth('admin', password);
} catch {
  // Nobody is there yet, or the password is another one: then this is refused, and its message ends the start.
  admin.createUser({ user: 'admin', pwd: password, roles: ['root'] });
  admin.auth('admin', password);
}

if (!admin.getUsers().users.some(({ user }) => user === 'gatehouse'))
  admin.createUser({ user: 'gatehouse', pwd: secret('mongodb-password'), roles: [{ role: 'readWrite', db: 'gatehouse' }] });
