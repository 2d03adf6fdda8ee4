#!/usr/bin/env bash
# A server of the MongoDB wire protocol for the tests, of free packages alone: FerretDB in front of PostgreSQL with the
# DocumentDB extension. Needs root, apt, git and Go.
#
#   start [NAME] [--until PID] [--no-fsync]   prints the URI of the server NAME (main), started unless it runs already
#   stop [NAME]                               ends it in good order; its data stay for the next start
#   signal SIG [NAME] [postgres|ferretdb]     sends SIG (KILL, STOP, CONT, ...) to all its processes, or those of one half
#   remove [NAME]                             kills it and forgets its data
#   installed                                 succeeds when the installation is there, so that a start takes no minutes
#
# Any number of servers run from one installation, which the first start makes. The first start of a NAME chooses its
# port (or takes PORT); the later ones keep it. After a KILL, start brings up what is missing, on the same data.
# With --until, the server is removed as soon as the process PID has ended, however it ended.
set -euo pipefail

FERRETDB=v2.7.0
CACHE=${GATEHOUSE_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/gatehouse-test}
# To be counted up whenever make_installation makes something else.
ROOT=$CACHE/mongodb-ferretdb-$FERRETDB-4
ACCOUNT=gatehouse PASSWORD=Gatehouse-test-1
BIN=/usr/lib/postgresql/18/bin

fail() { echo "mongodb-on-debian: $*" >&2; exit 1; }

# Descriptor 9 holds the lock; a server that inherited it would hold it for as long as it lives.
locked() { exec 9>"$CACHE/mongodb.lock"; flock 9; "$@"; }

# A chroot and no mount, which a container may refuse: all that a server needs lies in the installation, its data too.
inside() { chroot --userspec=postgres:postgres "$ROOT" "$@" 9>&-; }

start_postgres() { # the data folder, as seen inside, then options
  # The socket in the data folder is the only door; DocumentDB connects to its own server through it as well.
  inside $BIN/pg_ctl start --wait --silent --pgdata="$1" --log="$1/postgres.log" --options="-c unix_socket_directories=$1 \
    -c documentdb.localhost_connection_string=host=$1 ${*:2}" </dev/null >/dev/null
}

# What MongoDB promises and FerretDB lacks. Writers that race for one key of a unique index may deadlock in PostgreSQL:
# the one it gives up tries again, one such at a time, so that each of them has succeeded or met a duplicate in the end.
# And a duplicate is one by its code, for every command.
build_ferretdb() { # the folder that gets the binary
  go mod download "github.com/FerretDB/FerretDB/v2@$FERRETDB"
  cp -r "$(go env GOMODCACHE)/github.com/!ferret!d!b/!ferret!d!b/v2@$FERRETDB" "$1/source"
  cd "$1/source"
  chmod -R u+w .
  cat >internal/documentdb/again.go <<'GO'
package documentdb

import (
	"errors"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
)

var oneByOne sync.Mutex

func again(f func() error) error {
	err := f()
	if deadlocked(err) {
		oneByOne.Lock()
		defer oneByOne.Unlock()
	}
	for deadlocked(err) {
		err = f()
	}
	return err
}

func deadlocked(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "40P01"
}
GO
  # As a repository of its own: inside another one, git would patch that.
  git init --quiet
  git apply <<'PATCH'
--- a/internal/documentdb/pool.go
+++ b/internal/documentdb/pool.go
@@ -103,5 +103,5 @@
 
 	defer conn.Release()
 
-	if err = f(conn.Conn()); err != nil {
+	if err = again(func() error { return f(conn.Conn()) }); err != nil {
 		return lazyerrors.Error(err)
--- a/internal/mongoerrors/mongoerrors.go
+++ b/internal/mongoerrors/mongoerrors.go
@@ -119,3 +119,5 @@
 	switch pg.Code {
+	case pgerrcode.UniqueViolation, pgerrcode.ExclusionViolation:
+		code = ErrDuplicateKey
 	case pgerrcode.QueryCanceled:
 		code = ErrMaxTimeMSExpired
PATCH
  CGO_ENABLED=0 go build -buildvcs=false -o "$1" ./cmd/ferretdb
}

# The packages and what they depend on, from Debian's forky, the first that has DocumentDB: unpacked, not installed, which
# takes a fraction of the time, and neither the mounts nor the programs that an installation would run.
unpack_debian() { # a folder for the packages
  local apt=(apt-get -qq -o "Dir::Etc::SourceList=$1/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$1/lists" -o Dir::State::Status=/dev/null -o "Dir::Cache::Archives=$1/packages"
    -o APT::Sandbox::User=root -o Debug::NoLocking=true)
  mkdir -p "$1"/{lists,packages}
  echo 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian forky main' \
    >"$1/sources.list"
  "${apt[@]}" update
  "${apt[@]}" install --yes --download-only --no-install-recommends base-files dash coreutils postgresql-18-documentdb
  mkdir "$ROOT"
  printf '%s\0' "$1"/packages/*.deb | xargs -0 -P 2 -I {} dpkg-deb --extract {} "$ROOT"
  # What their installation would have made, as far as it is used.
  ln -s postgis-3.control "$ROOT/usr/share/postgresql/18/extension/postgis.control"
  mknod -m 666 "$ROOT/dev/null" c 1 3
  echo 'postgres:x:70:70::/:/bin/sh' >"$ROOT/etc/passwd"
  echo 'postgres:x:70:' >"$ROOT/etc/group"
}

make_installation() {
  local final=$ROOT work go
  [[ ! -d $ROOT ]] || return 0
  rm -rf "$CACHE"/mongodb-building.*
  work=$(mktemp -d "$CACHE/mongodb-building.XXXXXX")
  ROOT=$work/root
  trap 'inside $BIN/pg_ctl stop --mode=immediate --pgdata=/srv/empty &>/dev/null || true' EXIT

  build_ferretdb "$work" &
  go=$!
  unpack_debian "$work"
  wait $go
  mv "$work/ferretdb" "$ROOT/usr/bin/"

  # The data of a new server are a copy of these, which spares each one the making of the extension.
  mkdir -p "$ROOT/srv/servers"
  chroot "$ROOT" install -d -o postgres -g postgres -m 700 /srv/empty
  inside $BIN/initdb --pgdata=/srv/empty --username=postgres --auth=trust --encoding=UTF8 --locale=C.UTF-8
  cat >>"$ROOT/srv/empty/postgresql.conf" <<'CONF'
listen_addresses = ''
shared_preload_libraries = 'pg_cron,pg_documentdb_core,pg_documentdb'
cron.database_name = 'postgres'
# Its jobs note the door they were made behind, which is not that of the copies.
cron.use_background_workers = on
documentdb_core.enableCollation = on
# Those who race for a key of a unique index wait for each other this long; then one is given up, all of its command.
deadlock_timeout = 10ms
documentdb.throwDeadlockOnCRUD = on
# Shared memory of the system would outlive a SIGKILL.
dynamic_shared_memory_type = mmap
CONF
  start_postgres /srv/empty
  inside psql --quiet --no-psqlrc --host=/srv/empty --set=ON_ERROR_STOP=1 <<SQL
CREATE EXTENSION documentdb CASCADE;
SELECT documentdb_api.create_user('{ "createUser": "$ACCOUNT", "pwd": "$PASSWORD", "roles": [
  { "role": "readWriteAnyDatabase", "db": "admin" }, { "role": "clusterAdmin", "db": "admin" } ] }');
-- What has expired goes within seconds, not within a minute. Nothing else is to be done in the background.
SELECT cron.alter_job(jobid, schedule => '5 seconds') FROM cron.job WHERE jobname = 'documentdb_ttl_task';
SELECT cron.unschedule(jobid) FROM cron.job WHERE jobname LIKE 'documentdb_index_build_task_%';
SQL
  inside $BIN/pg_ctl stop --wait --silent --pgdata=/srv/empty
  mv "$ROOT" "$final"
  rm -rf "$work"
}

# Every process of a server works in its data folder, and none but these do: no id that was given anew is mistaken for
# one of them, and none is missed, whatever a fault test has left of the server. Its own user sees that in every
# container; root does not in some.
processes() { # [postgres|ferretdb]
  local pid
  (cd /; setpriv --reuid=70 --regid=70 --clear-groups \
    find -L /proc/[0-9]*/cwd -maxdepth 0 -inum "$(stat --format=%i "$DATA")" 2>/dev/null || true) |
    while IFS=/ read -r _ _ pid _; do
      if [[ $(cat "/proc/$pid/comm" 2>/dev/null) == *"${1-}" ]]; then echo "$pid"; fi
    done
}

gone() { # [postgres|ferretdb]
  for _ in {1..200}; do
    [[ -n $(processes "${1-}") ]] || return 0
    sleep 0.05
  done
  return 1
}

signal() { # SIG [postgres|ferretdb]
  # Twice, since PostgreSQL may have been forking. FerretDB first: otherwise it would tell its clients of the other's end,
  # as no mongod that dies does.
  for _ in 1 2; do
    { [[ -n ${2-} ]] || processes ferretdb; processes "${2-}"; } | xargs --no-run-if-empty kill -s "$1" 2>/dev/null || true
  done
  [[ $1 != KILL ]] || gone "${2-}"
}

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

make_data() {
  # Below the ports that Linux gives to outgoing connections, so that it is still free after a restart.
  local port=${PORT:-$((20000 + RANDOM % 12000))}
  while [[ -z ${PORT-} ]] && { listening "$port" || grep -qsx "$port" "$ROOT"/srv/servers/*/port; }; do
    port=$((20000 + RANDOM % 12000))
  done
  rm -rf "$DATA.new"
  cp -a --reflink=auto "$ROOT/srv/empty" "$DATA.new"
  echo "$port" >"$DATA.new/port"
  mv "$DATA.new" "$DATA"
}

start() { # [--until PID] [--no-fsync]
  local until='' durability='' inside=/srv/servers/$NAME port
  while (($#)); do
    case $1 in
      --until) until=$2; shift 2 ;;
      --no-fsync) durability='-c fsync=off -c synchronous_commit=off -c full_page_writes=off'; shift ;;
      *) fail "no such option: $1" ;;
    esac
  done

  [[ -d $DATA ]] || make_data
  port=$(<"$DATA/port")
  if [[ -z $(processes postgres) ]]; then
    # After a SIGKILL these name a process that PostgreSQL takes for alive where nothing reaps it, as in many containers.
    rm -f "$DATA/postmaster.pid" "$DATA/.s.PGSQL.5432.lock"
    start_postgres "$inside" "$durability" || { tail -n 20 "$DATA/postgres.log" >&2; fail 'PostgreSQL did not start'; }
  fi
  if [[ -z $(processes ferretdb) ]]; then
    setsid chroot --userspec=postgres:postgres "$ROOT" env --chdir="$inside" ferretdb \
      --postgresql-url="postgres://postgres@/postgres?host=$inside" --listen-addr="127.0.0.1:$port" \
      --debug-addr=- --telemetry=disable --log-level=WARN </dev/null >>"$DATA/ferretdb.log" 2>&1 9>&- &
    until listening "$port"; do
      kill -0 $! 2>/dev/null || { tail -n 20 "$DATA/ferretdb.log" >&2; fail 'FerretDB did not start'; }
      sleep 0.02
    done
  fi

  if [[ -n $until ]]; then
    # In a process group of its own, which outlives that of the tests.
    set -m
    (exec 9>&-; trap '' HUP INT TERM; tail --pid="$until" --follow /dev/null; locked remove) </dev/null >/dev/null 2>&1 &
    set +m
  fi
  echo "mongodb://$ACCOUNT:$PASSWORD@127.0.0.1:$port/"
}

stop() {
  signal CONT
  signal TERM ferretdb
  [[ -z $(processes postgres) ]] || inside $BIN/pg_ctl stop --wait --silent --mode=fast --pgdata="/srv/servers/$NAME" || true
  gone || signal KILL
}

remove() {
  signal KILL
  rm -rf "$DATA"
}

((EUID == 0)) || fail 'chroot needs root'
verb=${1-} sig=''
shift || true
if [[ $verb == signal ]]; then sig=${1?which signal?}; shift; fi
NAME=main
if [[ ! ${1---} =~ ^(--.*|postgres|ferretdb)$ ]]; then NAME=$1; shift; fi
[[ $NAME =~ ^[A-Za-z0-9_-]{1,60}$ ]] || fail "not a name: $NAME"
DATA=$ROOT/srv/servers/$NAME

mkdir -p "$CACHE"
case $verb in
  start) (locked make_installation >&2); locked start "$@" ;;
  stop | remove) locked "$verb" ;;
  signal) signal "$sig" "$@" ;;
  installed) [[ -d $ROOT ]] ;;
  *) sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
