#!/bin/sh
# Tests and packages a Java project with Maven in a box. target/ stays; ~/.m2 and what the test writes into
# the home that Java finds by itself do not.
set -eu
cd "$(dirname "$0")"
exec "${STEPBOX:-stepbox}" run "$@" -- mvn --batch-mode --no-transfer-progress --settings settings.xml package
