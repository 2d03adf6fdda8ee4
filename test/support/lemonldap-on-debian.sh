#!/usr/bin/env bash
# LemonLDAP::NG for the tests: an OpenID provider that others wrote. Needs apt and perl.
#
#   unpack              fetches it, unless it is there
#   unpacked            succeeds when it is there
#   serve FOLDER PORT   is the server, on the configuration in FOLDER, where it keeps its sessions too
set -euo pipefail

CACHE=${GATEHOUSE_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gatehouse-test}
# To be counted up whenever unpack makes something else.
ROOT=$CACHE/lemonldap-1
# The last two are what it recommends and cannot be an OpenID provider without.
PACKAGES=(liblemonldap-ng-portal-perl libplack-perl libstring-random-perl libio-string-perl)

fail() { echo "lemonldap-on-debian: $*" >&2; exit 1; }

unpacked() { [[ -d $ROOT ]]; }

# The packages, and what they depend on and the system lacks: unpacked, not installed, which takes a fraction of the time,
# waits for nobody who installs something, and starts no service.
unpack() {
  ! unpacked || return 0
  mkdir -p "$CACHE"
  work=$(mktemp -d "$CACHE/lemonldap-unpacking.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work"/{lists,packages}/partial "$work/root"
  local apt=(apt-get -qq -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work" -o "Dir::Cache::Archives=$work/packages"
    -o APT::Sandbox::User=root -o Debug::NoLocking=true)
  "${apt[@]}" update
  "${apt[@]}" install --yes --download-only --reinstall --no-install-recommends "${PACKAGES[@]}"
  printf '%s\0' "$work"/packages/*.deb | xargs -0 -P 2 -I {} dpkg-deb --extract {} "$work/root"
  # Who was faster made the same.
  mv -T "$work/root" "$ROOT" 2>/dev/null || unpacked
}

serve() { # folder, port
  cat >"$1/lemonldap-ng.ini" <<INI
[all]
logLevel = warn
logger = Lemonldap::NG::Common::Logger::Std
userLogger = Lemonldap::NG::Common::Logger::Std
[configuration]
type = File
dirName = $1
[portal]
templateDir = $ROOT/usr/share/lemonldap-ng/portal/templates
INI
  export LLNG_DEFAULTCONFFILE=$1/lemonldap-ng.ini PERL5LIB
  PERL5LIB=$(perl -MConfig -e 'print join ":", map "$ARGV[0]$_", @Config{qw(vendorarch vendorlib)}' "$ROOT")
  exec "$ROOT/usr/bin/plackup" --server HTTP::Server::PSGI --env deployment --host localhost --port "$2" \
    -e 'use Lemonldap::NG::Portal::Main; Lemonldap::NG::Portal::Main->run({})'
}

case ${1-} in
  unpack | unpacked | serve) "$@" ;;
  *) fail 'unpack, unpacked, or serve FOLDER PORT' ;;
esac
