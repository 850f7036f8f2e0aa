#!/usr/bin/env bash
# setup.sh [demo|check|bench|matrix|relay]: installs the Debian packages that are missing, if any.
# shellcheck source=demo/lib.sh
. "$(dirname "$0")/lib.sh"

need=(make g++ libeigen3-dev)
if [[ $PG_CONFIG =~ ^$DEBIAN_PG_CONFIG$ ]]; then
  need+=("postgresql-$PGMAJOR" "postgresql-server-dev-$PGMAJOR" "postgresql-$PGMAJOR-cron")
  [ "$PGMAJOR" -lt 18 ] || need+=("postgresql-$PGMAJOR-jit")
fi
relay=(make g++ cmake pkg-config libpq-dev libcurl4-openssl-dev)
case ${1:-demo} in
  demo) ;;
  check) need+=("${relay[@]}" libgtest-dev clang libclang-rt-dev perl libipc-run-perl python3) ;;
  relay) need=("${relay[@]}") ;;
  bench) need+=(cmake libbenchmark-dev "postgresql-plpython3-$PGMAJOR" python3 r-base-core r-cran-forecast) ;;
  matrix) need=(debootstrap debian-archive-keyring) ;;
  *) fail "setup.sh knows the sets demo, check, bench, matrix and relay, not '$1'" ;;
esac

missing() {
  local p
  for p in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || echo "$p"
  done
}

apt() { logged apt as_root env DEBIAN_FRONTEND=noninteractive apt-get -q "$@"; }
add() { apt install -y --no-install-recommends "$@"; }

mapfile -t packages < <(missing "${need[@]}")
[ ${#packages[@]} -gt 0 ] || exit 0

say "installing ${packages[*]} (log: build/log/apt.log)"
apt update

# Debian makes and starts a cluster 'main' when a server is installed. Nobody asked for one here, so
# that is switched off for this one installation; clusters that exist are not touched.
if [[ " ${packages[*]} " == *" postgresql-$PGMAJOR "* ]]; then
  conf=/etc/postgresql-common/createcluster.conf
  [ -z "$(missing postgresql-common)" ] || add postgresql-common
  kept=$(mktemp)
  cat "$conf" >"$kept"
  restore() {
    as_root tee "$conf" <"$kept" >/dev/null
    rm -f "$kept"
  }
  trap restore EXIT
  echo 'create_main_cluster = false' | as_root tee -a "$conf" >/dev/null
fi
add "${packages[@]}"
