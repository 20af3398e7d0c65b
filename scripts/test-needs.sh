#!/bin/sh
# Says what the tests will leave out; with LOTSE_REQUIRE_ALL=1 installs it, or fails.
set -eu
missing=""
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || missing="$missing chromium"
command -v pg_ctlcluster >/dev/null 2>&1 || [ -n "${LOTSE_TEST_POSTGRES:-}" ] || missing="$missing postgresql"

[ -z "$missing" ] && exit 0
if [ "${LOTSE_REQUIRE_ALL:-}" != 1 ]; then
    echo "The tests that need it are skipped. For all of them: sudo apt-get install$missing"
    exit 0
fi
if [ "$(id -u)" != 0 ]; then
    echo "These packages are needed:$missing. Install them with: sudo apt-get install$missing" >&2
    exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086 - a list of packages
apt-get install -y -qq --no-install-recommends $missing
