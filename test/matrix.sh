#!/usr/bin/env bash
# matrix.sh: runs the tests on PostgreSQL 15, 17 and 18. The version of this machine runs here, the
# others in a chroot of the Debian release that ships them. MATRIX="17 18" picks versions.
# Leaves 77 where nothing failed, but this machine cannot set another server up (no mirror, no rights).
# The chroots stay for the next run in /var/tmp/revenue_intel-matrix (REVENUE_INTEL_MATRIX).
# shellcheck source=demo/lib.sh
. "$(dirname "$0")/../demo/lib.sh"
cd "$PROJECT"

cache=${REVENUE_INTEL_MATRIX:-/var/tmp/revenue_intel-matrix}
# The Debian mirror that this machine uses.
mirror=${MIRROR:-$(grep -rhoE --include='*.list' --include='*.sources' \
  'https?://[^ ]+/debian/?( |$)' /etc/apt | sed -n 1p || true)}
mirror=${mirror:-http://deb.debian.org/debian}
data=$(readlink -m "${REVENUE_INTEL_DATA:-../shared/data}")
declare -A release=([15]=bookworm [17]=trixie [18]=sid)
root=''

unmount() {
  [ -z "$root" ] || for m in proc dev/shm; do
    ! mountpoint -q "$root/$m" || as_root umount -l "$root/$m"
  done
}
trap unmount EXIT

# The packages of a moving release go stale, so that a chroot lasts a week.
make_chroot() {
  local suite=$1
  if [ -n "$(find "$root/etc/apt/sources.list" -mtime -7 2>/dev/null)" ]; then return; fi
  say "installing Debian $suite into $root (once a week, less than a minute)"
  as_root rm -rf "$root" "$root.part" &&
    as_root mkdir -p "$cache" &&
    logged "debootstrap-$suite" as_root env "${proxy[@]}" debootstrap --variant=minbase \
      --include=make,ca-certificates "$suite" "$root.part" "$mirror" &&
    as_root mv "$root.part" "$root" || return
  # How this machine reaches its mirror holds in there too.
  apt-config dump | grep -E '^Acquire::(https?::|Check-|Retries)' |
    as_root tee "$root/etc/apt/apt.conf.d/90host" >/dev/null || true
}

copy_tree() {
  as_root rm -rf "$root/src" "$root/data"
  as_root mkdir "$root/src"
  tar -C "$PROJECT" --exclude=./.git --exclude=./build --exclude=./.cluster --exclude='*.o' \
    --exclude='*.bc' --exclude='*.so' --exclude='*.d' -cf - . |
    as_root tar -C "$root/src" --no-same-owner -xf -
  [ ! -d "$data" ] || as_root cp -rL "$data" "$root/data"
  for f in /etc/resolv.conf /etc/hosts; do as_root cp -L "$f" "$root$f"; done
}

in_chroot() {
  as_root chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
    "${proxy[@]}" PGMAJOR="$PGMAJOR" REVENUE_INTEL_DATA=/data "$@"
}

check_in_chroot() {
  (demo/setup.sh matrix && make_chroot "${release[$PGMAJOR]}") || return $SKIPPED
  copy_tree
  # Both are a comfort, not a need: where mounting is not allowed the tests do without.
  as_root mount -t proc proc "$root/proc" 2>/dev/null || true
  as_root mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm" 2>/dev/null || true
  as_root rm -rf "$root/var/cache/apt/archives"
  in_chroot /src/demo/setup.sh check || return $SKIPPED
  in_chroot /src/test/check.sh regress isolation tap bridge jit docs real
}

proxy=()
for p in http https; do
  url=$(apt-config dump --format '%v%n' "Acquire::$p::Proxy")
  [ -z "$url" ] || proxy+=("${p}_proxy=$url")
done

SKIPPED=77
here=$PGMAJOR results='' failed=0
for PGMAJOR in ${MATRIX:-15 17 18}; do
  [ -n "${release[$PGMAJOR]:-}" ] || fail "no Debian release ships PostgreSQL $PGMAJOR"
  say "PostgreSQL $PGMAJOR"
  mkdir -p "$LOGS"
  log=$LOGS/matrix-$PGMAJOR.log
  if [ "$PGMAJOR" = "$here" ]; then run=test/check.sh; else run=check_in_chroot; fi
  root=$cache/${release[$PGMAJOR]}
  code=0
  $run 2>&1 | tee "$log" || code=${PIPESTATUS[0]}
  unmount
  counts=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -n 1 || true)
  case $code in
    0) verdict=ok ;;
    "$SKIPPED") verdict=skipped; [ $failed != 0 ] || failed=$SKIPPED ;;
    *) verdict=FAILED failed=1; [ "$run" = test/check.sh ] || say "its logs are in $root/src/build/log" ;;
  esac
  results+="PostgreSQL $PGMAJOR: $verdict, ${counts:-no test ran}"$'\n'
done
printf '\n%s' "$results"
exit $failed
