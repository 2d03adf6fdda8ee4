#!/bin/sh
# Makes the secrets that docker-compose.yml hands to its containers, in the folder `secrets` beside this file. What is there stays as it is.
set -eu
umask 077
cd "$(dirname "$0")"
mkdir -p secrets
# Compose mounts the files with the owner and the mode they have here, and each container runs as another user: so the files are
# readable by all and the folder is closed.
chmod 700 secrets
cd secrets

# Writes standard input to the file, whole or not at all.
keep() {
  cat > "$1.new"
  chmod 444 "$1.new"
  mv -f "$1.new" "$1"
}

[ -e master-key ] || openssl rand -base64 32 | keep master-key
[ -e mongodb-keyfile ] || openssl rand -base64 756 | keep mongodb-keyfile
for name in mongodb-admin-password mongodb-password redis-password; do
  [ -e "$name" ] || openssl rand -hex 32 | keep "$name"
done

# The catcher of mail speaks TLS, with a certificate that vouches for nobody else.
if [ ! -e mailpit-certificate ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 3650 -subj /CN=mailpit \
    -addext subjectAltName=DNS:mailpit -addext basicConstraints=critical,CA:FALSE -keyout mailpit-key.new -out mailpit-certificate.new 2> /dev/null
  chmod 444 mailpit-key.new mailpit-certificate.new
  mv -f mailpit-key.new mailpit-key
  mv -f mailpit-certificate.new mailpit-certificate
fi

# Redis is told the hash alone. Gatehouse may do everything but administer the server. Nobody is the default user, who keeps the right to
# everything all the same: in its name Redis reads its append-only file, and leaves out what it may not do (github.com/redis/redis/issues/14541).
hash=$(tr -d '\n' < redis-password | openssl dgst -sha256 -r | cut -d ' ' -f 1)
keep redis-users <<END
user default off ~* &* +@all
user gatehouse on #$hash ~* &* +@all -@dangerous +info +config|get
END

echo "The secrets are in $(pwd). Keep a copy of master-key somewhere safe: what is stored encrypted cannot be read without it."
