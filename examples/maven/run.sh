#!/bin/sh
# Tests and packages a Java project with Maven in a box. target/ stays; ~/.m2 does not, nor do the test's files in the
# home that Java finds by itself.
set -eu
cd "$(dirname "$0")"
exec "${STEPBOX:-stepbox}" run "$@" -- mvn --batch-mode --no-transfer-progress --settings settings.xml package
