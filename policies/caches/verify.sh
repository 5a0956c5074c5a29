#!/usr/bin/env bash
# Runs the tools of the registry that are installed here, with just the registry's variables set, and looks
# where their files land.
#
#   policies/caches/verify.sh [--compiler PATH] [TOOL...]
#   stepbox run -- policies/caches/verify.sh [TOOL...]
#
# --compiler names stepbox-compile-registry (default: found in PATH, then below build/). Each tool runs in a
# scratch directory that stands for the workspace. Inside a box (TMPDIR is /box/tmp) the box is the
# workspace, the variables are its own, and no compiler is needed.
#
# A probe passes when every path it names has something in it, and home has nothing but what it names. A tool
# that is not installed is skipped, and said to be. The last line is "N passed, N failed, N skipped".
# Extra tools: put them into PATH. Nothing is asked of the network but by corepack.
set -u -o pipefail

here=$(cd "$(dirname "$0")" && pwd)
# The home that programs find in the passwd entry.
real_home=$(getent passwd "$UID" | cut -d: -f6)
compiler=
if [[ ${1-} == --compiler ]]; then compiler=${2:?--compiler needs a path}; shift 2; fi

inside=no
[[ ${TMPDIR-} == /box/tmp ]] && inside=yes

# tool | command it needs | lands in, below the workspace | may be in home
probes='
go-build-cache  | go         | cache/go-build             | .config/go
go-work-dir     | go         | tmp/kept                   | .config/go
go-module-cache | go         | cache/go-mod               | .config/go
gopath          | go         | cache/go/bin               | .config/go
cargo           | cargo      | cache/cargo/git            |
sccache         | sccache    | cache/sccache              |
ccache          | ccache     | cache/ccache cache/ccache/tmp |
clang-modules   | clang      | cache/xdg/clang            |
bazel           | bazel      | home/.cache/bazel          | .cache/bazel
zig             | zig        | cache/zig                  |
maven           | mvn        | home/.m2                   | .m2
gradle          | gradle     | cache/gradle               |
npm             | npm        | cache/npm/_cacache         |
yarn            | yarn1      | cache/xdg/yarn             |
yarn-berry      | yarn4      | cache/yarn/cache           |
pnpm            | pnpm       | cache/pnpm                 |
corepack        | corepack   | cache/xdg/node/corepack    |
bun             | bun        | cache/xdg/.bun/install/cache |
deno            | deno       | cache/deno                 |
jest            | jest       | tmp/jest_*                 |
electron        | node       | cache/xdg/electron         |
playwright      | playwright |                            |
pip             | pip3       | cache/pip                  |
pipenv          | pipenv     | home/.local/share/virtualenvs | .local
poetry          | poetry     | cache/xdg/pypoetry         | .local
virtualenv      | virtualenv | home/.local/share/virtualenv | .local
mypy            | mypy       | cache/mypy                 |
pytest          | pytest-3   | tmp/pytest-of-*            |
black           | black      | cache/xdg/black            |
pylint          | pylint     | cache/xdg/pylint           |
pre-commit      | pre-commit | cache/pre-commit           |
matplotlib      | /usr/bin/python3 | cache/xdg/matplotlib |
rubygems        | gem        | home/.local/share/gem      | .local/share/gem
bundler         | bundle     | cache/bundle               |
rubocop         | rubocop    | cache/xdg/*/rubocop_cache  |
composer        | composer   | cache/composer             | .config/composer .local/share/composer
dune            | dune       | cache/xdg/dune             |
rebar3          | rebar3     | home/.cache/rebar3         | .cache/rebar3
gstreamer       | gst-inspect-1.0 | cache/xdg/gstreamer-1.0 |
fontconfig      | fc-cache   | cache/xdg/fontconfig       |
'

# --- what several probes need ---------------------------------------------------------------------

c_source() { printf 'int main(void) { return 0; }\n' > x.c; }

# A tarball x-1.0.0.tgz with an npm package in it, so that no registry is asked.
npm_package() {
  mkdir package
  printf '{"name":"x","version":"1.0.0"}' > package/package.json
  printf 'module.exports = 1\n' > package/index.js
  tar czf x-1.0.0.tgz package && rm -r package
  printf '{"name":"p","version":"1.0.0","private":true,"dependencies":{"x":"file:./x-1.0.0.tgz"}}' > package.json
}

git_repository() {
  (cd "$1" && git init -q && git add . &&
   git -c user.name=verify -c user.email=verify@localhost commit -qm first)
}

# serve DIR: a server for DIR on the loopback; its address is in $address, its process in $server.
serve() {
  python3 -u - "$1" > "$work/.port" 2>/dev/null <<'PYTHON' &
import functools, http.server, sys
class Handler(http.server.SimpleHTTPRequestHandler):
    def end_headers(self):
        self.send_header("Cache-Control", "max-age=600")  # without it pip keeps nothing
        super().end_headers()
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=sys.argv[1]))
print(server.server_port)
server.serve_forever()
PYTHON
  server=$!
  for _ in $(seq 100); do [[ -s $work/.port ]] && break; sleep 0.05; done
  address=http://127.0.0.1:$(cat "$work/.port")
}

# served COMMAND...: runs it, ends the server, returns what it returned.
served() {
  local code=0
  "$@" || code=$?
  kill "$server"
  return "$code"
}

# masked COMMAND...: with home, /tmp and /var/cache replaced for those that no variable reaches, as a box does.
masked() {
  if [[ $inside == yes ]]; then "$@"; return; fi
  # shellcheck disable=SC2016  # for the inner shell to expand
  root=$root real_home=$real_home unshare -m bash -c '
    mount --bind "$root/home" "$real_home" && mount --bind "$root/tmp" /tmp &&
    mount -t tmpfs -o ro tmpfs /var/cache && "$@"' masked "$@"
}

# --- probes ---------------------------------------------------------------------------------------

go_module() {
  printf 'module example.test/x\n' > go.mod
  printf 'package main\n\nfunc main() {}\n' > x.go
}
probe_go_build_cache() { go_module; go build -o x .; }
probe_go_work_dir() {
  go_module
  go build -work -o x . 2>&1 | sed -n 's/^WORK=//p' > kept
  [[ $(cat kept) == "$root"/tmp/* ]] && mkdir "$root/tmp/kept" && mv "$(cat kept)" "$root/tmp/kept"
}
probe_go_module_cache() {
  local at=proxy/example.test/dep/@v
  mkdir -p "$at"
  printf 'module example.test/dep\n' > "$at/v1.0.0.mod"
  printf '{"Version":"v1.0.0"}' > "$at/v1.0.0.info"
  python3 - "$at/v1.0.0.zip" <<'PYTHON'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as archive:
    archive.writestr("example.test/dep@v1.0.0/go.mod", "module example.test/dep\n")
    archive.writestr("example.test/dep@v1.0.0/dep.go", "package dep\n")
PYTHON
  printf 'module example.test/x\n\nrequire example.test/dep v1.0.0\n' > go.mod
  GOPROXY=file://$PWD/proxy GONOSUMDB='*' GOFLAGS=-mod=mod go mod download
}
probe_gopath() { go_module; go install .; }
probe_cargo() {
  mkdir -p dep/src src
  printf '[package]\nname = "dep"\nversion = "1.0.0"\n' > dep/Cargo.toml
  : > dep/src/lib.rs
  git_repository dep
  printf '[package]\nname = "x"\nversion = "1.0.0"\n[dependencies]\ndep = { git = "file://%s" }\n' "$PWD/dep" > Cargo.toml
  printf 'fn main() {}\n' > src/main.rs
  cargo build
}
probe_sccache() {
  c_source
  SCCACHE_IDLE_TIMEOUT=60 SCCACHE_SERVER_PORT=24226 sccache gcc -c x.c -o x.o
  local code=$?
  SCCACHE_SERVER_PORT=24226 sccache --stop-server > /dev/null
  return "$code"
}
probe_ccache() { c_source; ccache gcc -c x.c -o x.o; }
probe_clang_modules() {
  printf 'module m { header "m.h" }\n' > module.modulemap
  printf 'int m(void);\n' > m.h
  printf '#include "m.h"\nint x(void) { return m(); }\n' > x.c
  clang -fmodules -fimplicit-modules -I. -c x.c -o x.o
}
probe_bazel() {
  : > WORKSPACE
  printf 'genrule(name = "x", outs = ["x.txt"], cmd = "echo > $@")\n' > BUILD
  bazel --max_idle_secs=5 build //:x
  local code=$?
  bazel shutdown
  return "$code"
}
probe_zig() { c_source; zig cc -c x.c -o x.o; }
probe_maven() {
  printf '<project><modelVersion>4.0.0</modelVersion><groupId>x</groupId><artifactId>x</artifactId><version>1</version><packaging>pom</packaging></project>' > pom.xml
  masked mvn -o -q validate
}
probe_gradle() { : > settings.gradle; : > build.gradle; gradle --offline --no-daemon help; }
probe_npm() { npm_package; npm install --no-audit --no-fund; }
probe_yarn() { npm_package; yarn1 install --offline; }
probe_yarn_berry() { npm_package; : > yarn.lock; yarn4 install; }
probe_pnpm() { npm_package; CI=1 pnpm install --offline --no-frozen-lockfile; }
# A mirror signs with keys of its own.
probe_corepack() { COREPACK_INTEGRITY_KEYS=0 corepack prepare yarn@1.22.22; }
probe_bun() {
  npm_package
  mkdir www && mv x-1.0.0.tgz www
  serve www
  printf '{"name":"p","dependencies":{"x":"%s/x-1.0.0.tgz"}}' "$address" > package.json
  served bun install
}
probe_deno() {
  mkdir www && printf 'export const x = 1;\n' > www/x.js
  serve www
  printf 'import { x } from "%s/x.js"; console.log(x);\n' "$address" > main.ts
  served deno run "--allow-import=${address#http://}" main.ts
}
probe_jest() {
  printf '{"name":"p","jest":{"testMatch":["**/x.test.js"]}}' > package.json
  printf 'test("x", () => {})\n' > x.test.js
  jest
}
probe_electron() {
  mkdir -p www/v1.0.0 && : > www/v1.0.0/electron-v1.0.0-linux-x64.zip
  serve www
  local library
  library=$(node -p 'require.resolve("@electron/get")') || { kill "$server"; return 77; }
  served node --input-type=module -e '
    const { downloadArtifact } = await import(process.argv[1]);
    await downloadArtifact({ version: "1.0.0", artifactName: "electron", platform: "linux", arch: "x64",
                             unsafelyDisableChecksums: true, mirrorOptions: { mirror: process.argv[2] } });
  ' "$library" "$address/"
}
probe_playwright() {
  playwright install --dry-run chromium | grep -F "$root/cache/xdg/ms-playwright"
}
probe_pip() {
  mkdir -p www/x
  printf '<a href="x-1.0-py3-none-any.whl">x</a>' > www/x/index.html
  python3 - www/x/x-1.0-py3-none-any.whl <<'PYTHON'
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    wheel.writestr("x.py", "")
    wheel.writestr("x-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: x\nVersion: 1.0\n")
    wheel.writestr("x-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    wheel.writestr("x-1.0.dist-info/RECORD", "")
PYTHON
  serve www
  served pip3 download --index-url "$address" --trusted-host "${address#http://}" --no-deps x
}
probe_pipenv() { pipenv --python /usr/bin/python3; }
probe_poetry() {
  printf '[tool.poetry]\nname = "x"\nversion = "1"\ndescription = ""\nauthors = []\n[tool.poetry.dependencies]\npython = "*"\n' > pyproject.toml
  poetry env use /usr/bin/python3
}
probe_virtualenv() { virtualenv --no-download v; }
probe_mypy() { printf 'x: int = 1\n' > x.py; mypy x.py; }
probe_pytest() { printf 'def test_x(tmp_path): (tmp_path / "y").write_text("y")\n' > test_x.py; pytest-3; }
probe_black() { printf 'x  =  1\n' > x.py; black x.py; }
probe_pylint() { printf '"""x"""\n' > x.py; pylint x.py; }
probe_pre_commit() {
  mkdir hooks p
  printf -- '- id: x\n  name: x\n  language: script\n  entry: x.sh\n' > hooks/.pre-commit-hooks.yaml
  printf '#!/bin/sh\n' > hooks/x.sh && chmod +x hooks/x.sh
  git_repository hooks
  printf 'repos:\n- repo: %s\n  rev: %s\n  hooks: [{id: x}]\n' "$PWD/hooks" "$(git -C hooks rev-parse HEAD)" > p/.pre-commit-config.yaml
  git_repository p
  (cd p && pre-commit run --all-files)
}
probe_matplotlib() { MPLBACKEND=agg /usr/bin/python3 -c 'import matplotlib.pyplot' 2>/dev/null || return 77; }

# A gem and a static compact index for it in www.
gem_index() {
  mkdir -p www/gems www/info
  printf 'Gem::Specification.new { |s| s.name = "x"; s.version = "1"; s.summary = "x"; s.authors = ["x"] }\n' > x.gemspec
  gem build --quiet x.gemspec && mv x-1.gem www/gems
  printf -- '---\n1 |checksum:%s\n' "$(sha256sum < www/gems/x-1.gem | cut -d' ' -f1)" > www/info/x
  printf 'created_at: 2020-01-01T00:00:00Z\n---\nx 1 %s\n' "$(md5sum < www/info/x | cut -d' ' -f1)" > www/versions
  ruby -rzlib -e 'File.binwrite("www/latest_specs.4.8.gz", Zlib.gzip(Marshal.dump([["x", Gem::Version.new("1"), "ruby"]])))'
}
probe_rubygems() { gem_index; serve www; served gem list --remote --clear-sources --source "$address/"; }
probe_bundler() {
  gem_index
  serve www
  printf 'source "%s"\ngem "x"\n' "$address" > Gemfile
  BUNDLE_PATH=$PWD/bundle served bundle install
}
probe_rubocop() { printf "x = 1\nputs x\n" > x.rb; rubocop --only Layout x.rb; }
probe_composer() {
  mkdir -p www/x && printf '{"name":"v/x"}' > www/x/composer.json
  (cd www && python3 -m zipfile -c x.zip x/) && serve www
  printf '{"config":{"secure-http":false},"repositories":[{"packagist.org":false},{"type":"package","package":{"name":"v/x","version":"1.0.0","dist":{"type":"zip","url":"%s/x.zip"}}}],"require":{"v/x":"1.0.0"}}' "$address" > composer.json
  COMPOSER_ALLOW_SUPERUSER=1 served composer install --no-interaction
}
probe_dune() {
  printf '(lang dune 2.9)\n' > dune-project
  printf '(rule (targets x.txt) (action (with-stdout-to x.txt (echo x))))\n' > dune
  DUNE_CACHE=enabled DUNE_CACHE_TRANSPORT=direct dune build ./x.txt
}
probe_rebar3() { rebar3 local install; }
probe_gstreamer() { gst-inspect-1.0; }
probe_fontconfig() { masked fc-cache -f; }

# --- running them ---------------------------------------------------------------------------------

find_compiler() {
  [[ -n $compiler ]] && return
  compiler=$(command -v stepbox-compile-registry || find "$here/../../build" -name stepbox-compile-registry -type f 2>/dev/null | head -1)
  [[ -n $compiler ]] || { echo "verify.sh: no stepbox-compile-registry; build it, or give --compiler PATH" >&2; exit 2; }
}

# Makes a fresh workspace in $root and sets the registry's variables.
enter_scratch() {
  # Not below /tmp, which masked() covers.
  root=$(mktemp -d /var/tmp/verify.XXXXXX)
  mkdir "$root"/{tmp,var-tmp,cache,home,run,shm,out}
  # The toolchain that HOME would hide.
  [[ -d $real_home/.rustup ]] && export RUSTUP_HOME=${RUSTUP_HOME:-$real_home/.rustup}
  local variable value create mode path
  while IFS=$'\t' read -r variable value create mode; do
    path=$root/${value/'{uid}'/$UID}
    case $create in
      directory) mkdir -p "$path" && chmod "$mode" "$path" ;;
      parent) mkdir -p "${path%/*}" ;;
      none) path=$value ;;
    esac
    export "$variable=$path"
  done <<< "$registry"
}

home_entries() { (cd "$root/home" && find . -mindepth 1 ! -type d | sort); }

# verdict FIELD...: runs one probe in a subshell; says what is wrong and returns 1, or returns 77 to skip.
verdict() {
  local tool=$1 lands=$2 allowed=$3 code=0 path pattern
  if [[ $inside == yes ]]; then root=/box; else enter_scratch; fi
  work=$(mktemp -d "$root/out/verify.XXXXXX")
  local before after
  before=$(home_entries)
  (cd "$work" && "probe_${tool//-/_}") < /dev/null > "$work/.log" 2>&1 || code=$?
  if [[ $code == 77 ]]; then return 77; fi
  if [[ $code != 0 ]]; then echo "exit code $code:"; tail -5 "$work/.log"; return 1; fi
  for path in $lands; do
    compgen -G "$root/$path/*" > /dev/null || compgen -G "$root/$path/.[!.]*" > /dev/null || [[ $path == */tmp && -d $root/$path ]] ||
      { echo "nothing in $path"; return 1; }
  done
  after=$(comm -13 <(printf '%s\n' "$before") <(home_entries))
  for pattern in $allowed; do after=$(grep -v "^\./${pattern//./\\.}/" <<< "$after"); done
  [[ -z $after ]] || { printf 'in home:\n%s\n' "$(head -5 <<< "$after")"; return 1; }
}

trim() { local text=$1; text=${text#"${text%%[! ]*}"}; printf '%s' "${text%"${text##*[! ]}"}"; }

passed=0 failed=0 skipped=0
if [[ $inside == no ]]; then
  find_compiler
  registry=$("$compiler" --list "$here"/*.yaml) || exit 2
fi
while IFS='|' read -r tool needs lands allowed; do
  tool=$(trim "$tool") needs=$(trim "$needs")
  [[ -z $tool || ( $# -gt 0 && " $* " != *" $tool "* ) ]] && continue
  if ! command -v "$needs" > /dev/null; then
    echo "skip $tool: no $needs here"
    skipped=$((skipped + 1))
    continue
  fi
  code=0
  fault=$(trap '[[ $inside == yes ]] || { chmod -R u+w "$root"; rm -rf "$root"; }' EXIT; verdict "$tool" "$lands" "$allowed") || code=$?
  case $code in
    0) echo "ok   $tool"; passed=$((passed + 1)) ;;
    77) echo "skip $tool: its library is not installed"; skipped=$((skipped + 1)) ;;
    *) echo "FAIL $tool: $fault"; failed=$((failed + 1)) ;;
  esac
done <<< "$probes"
echo "$passed passed, $failed failed, $skipped skipped"
[[ $failed == 0 ]]
