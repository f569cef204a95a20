#!/usr/bin/env bash
# Installs, on Debian, what Huiyin needs beside Rust, Node, Python and make. Idempotent; installs only what is missing.
#   deploy/prerequisites.sh build   a C compiler (the bundled SQLite and the cryptography are C)
#   deploy/prerequisites.sh test    that, and what the tests start: PostgreSQL, Mosquitto, Chromium, a CJK font, Python's venv
# It starts nothing and leaves nothing running.
set -euo pipefail
want=${1:-build}

missing=()
need() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }

need cc build-essential
if [ "$want" = test ]; then
  [ -x /usr/lib/postgresql/15/bin/initdb ] || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
  [ -x /usr/sbin/mosquitto ] || need mosquitto mosquitto
  need chromium chromium
  need runuser util-linux
  fc-list 2>/dev/null | grep -qi 'noto.*cjk' || missing+=(fonts-noto-cjk fontconfig)
  python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
fi
[ ${#missing[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
  echo "missing: ${missing[*]}. this is not a Debian machine: install them with its own package tool, then try again" >&2
  exit 1
fi
sudo=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "missing: ${missing[*]}. run as root: apt-get install ${missing[*]}" >&2; exit 1; }
  sudo=(sudo)
fi
echo "installing: ${missing[*]}"
# Debian's packages would start servers of their own; the tests bring their own. A unit that is masked is not started.
if printf '%s\n' "${missing[@]}" | grep -qx mosquitto; then
  "${sudo[@]}" mkdir -p /etc/systemd/system
  [ -e /etc/systemd/system/mosquitto.service ] || "${sudo[@]}" ln -s /dev/null /etc/systemd/system/mosquitto.service
fi
if printf '%s\n' "${missing[@]}" | grep -qx postgresql; then
  "${sudo[@]}" mkdir -p /etc/postgresql-common/createcluster.d
  echo 'create_main_cluster = false' | "${sudo[@]}" tee /etc/postgresql-common/createcluster.d/no-main-cluster.conf >/dev/null
fi
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
if ! { "${sudo[@]}" apt-get update -qq && "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  cat "$log" >&2
  echo "could not install: ${missing[*]} (what apt said stands above)" >&2
  exit 1
fi
rm -f "$log"
