#!/bin/sh
# Swarming and other bots that run a command line: put `stepbox run --` before it.
#
#     swarming trigger ... -- ./swarming.sh '${ISOLATED_OUTDIR}' go test -json ./...
#
# The first argument is the directory for outputs; the bot replaces the placeholder before the task starts.
# It is real, writable, and survives. TMPDIR, HOME and every cache point into the box, so nothing is left
# in the bot's directories for the next task; named caches and CIPD packages lie in the run directory,
# which is the checkout here, and stay as they are. LUCI_CONTEXT and the Logdog socket are shown by their
# variables, and the network is the host's, so local authentication keeps working.
set -eu
outdir=$1
shift
exec stepbox run --policy go --size 8GiB --rw "$outdir" --report "$outdir/stepbox-report.json" -- "$@"
