# shellcheck shell=bash
# Shared by the developer commands: where things are, and who runs what.
set -euo pipefail

umask 022
PROJECT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
LOGS=$PROJECT/build/log

say() { printf '== %s\n' "$*"; }
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# The server refuses to run as root, so root lends it Debian's postgres account.
SERVER_USER=$(id -un)
[ "$(id -u)" != 0 ] || SERVER_USER=postgres

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    fail "this needs root: $* (run as root, or install sudo)"
  fi
}

# Runs a command with the server's rights, in a folder that the account can surely enter.
as_server() {
  if [ "$SERVER_USER" = "$(id -un)" ]; then
    "$@"
  else
    (cd / && HOME=/tmp setpriv --reuid="$SERVER_USER" --regid="$SERVER_USER" --init-groups "$@")
  fi
}

# Runs a command with its output in build/log/NAME.log, which is shown where it fails.
logged() {
  local log=$LOGS/$1.log
  shift
  mkdir -p "$LOGS"
  "$@" >"$log" 2>&1 </dev/null || {
    tail -n 30 "$log" >&2
    fail "'$*' failed; the whole log is $log"
  }
}

# The server to build for: PG_CONFIG, else PGMAJOR, else what this distribution ships. That of a
# Debian package may not be installed yet.
DEBIAN_PG_CONFIG='/usr/lib/postgresql/([0-9]+)/bin/pg_config'
if [[ ${PG_CONFIG:-} =~ ^$DEBIAN_PG_CONFIG$ ]]; then
  PGMAJOR=${BASH_REMATCH[1]}
elif [ -n "${PG_CONFIG:-}" ]; then
  PG_CONFIG=$(command -v "$PG_CONFIG") || fail "PG_CONFIG names no program"
  PGMAJOR=$("$PG_CONFIG" --version | sed 's/^PostgreSQL \([0-9]*\).*/\1/')
elif [ -z "${PGMAJOR:-}" ]; then
  case $(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release) in
    bookworm) PGMAJOR=15 ;;
    trixie) PGMAJOR=17 ;;
    forky | sid) PGMAJOR=18 ;;
    *) fail "unknown distribution: say which PostgreSQL to use, as in PGMAJOR=16 make demo" ;;
  esac
fi
case $PGMAJOR in
  15 | 16 | 17 | 18) ;;
  *) fail "revenue_intel needs PostgreSQL 15 to 18, not $PGMAJOR" ;;
esac
export PGMAJOR PG_CONFIG=${PG_CONFIG:-/usr/lib/postgresql/$PGMAJOR/bin/pg_config}

# Settings of the person's own servers must not lead the commands to another server.
unset PGHOST PGHOSTADDR PGPORT PGUSER PGDATABASE PGPASSWORD PGSERVICE PGOPTIONS PGSSLMODE

# Where the private clusters live: in the project, unless the server's account cannot enter it or
# the path is too long for a socket (107 bytes).
work_dir() {
  if [ ${#PROJECT} -le 70 ] && as_server test -x "$PROJECT" 2>/dev/null; then
    echo "$PROJECT/.cluster"
  else
    echo "/var/tmp/revenue_intel-$(printf %s "$PROJECT" | md5sum | cut -c 1-10)"
  fi
}

make_work_dir() {
  local dir
  dir=$(work_dir)
  if [ ! -d "$dir" ]; then
    [ "${dir#/var/tmp}" = "$dir" ] || say "the server cannot use $PROJECT, so its files go to $dir"
    install -d -m 700 -o "$SERVER_USER" "$dir"
  fi
  [ "$(stat -c %U "$dir")" = "$SERVER_USER" ] ||
    fail "$dir belongs to $(stat -c %U "$dir"): run make demo-stop as that user, or remove it"
}

# Runs a command that writes to the server's folders, as root where the caller may not.
installing() {
  if [ -w "$("$PG_CONFIG" --pkglibdir)" ] && [ -w "$("$PG_CONFIG" --sharedir)/extension" ]; then
    "$@"
  else
    as_root "$@"
  fi
}

installed() {
  local lib share file
  lib=$("$PG_CONFIG" --pkglibdir) share=$("$PG_CONFIG" --sharedir)/extension
  cmp -s "$PROJECT/revenue_intel.so" "$lib/revenue_intel.so" || return 1
  for file in "$PROJECT"/revenue_intel.control "$PROJECT"/revenue_intel--*.sql; do
    cmp -s "$file" "$share/${file##*/}" || return 1
  done
  (cd "$PROJECT" && find src -name '*.bc') | while read -r file; do
    cmp -s "$PROJECT/$file" "$lib/bitcode/revenue_intel/$file" || return 1
  done
}

# Builds as the caller, and installs only what differs, so that a second run asks for no password.
build_and_install() {
  say "building for PostgreSQL $PGMAJOR"
  logged build make -C "$PROJECT" -j"$(nproc)" all
  if installed; then
    say "this build is installed already"
  else
    say "installing into $("$PG_CONFIG" --pkglibdir)"
    logged install installing make -C "$PROJECT" PG_CONFIG="$PG_CONFIG" install
  fi
}
