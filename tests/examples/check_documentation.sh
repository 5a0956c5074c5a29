#!/bin/bash
# Checks that the manual pages and completions have everything that `stepbox run --help` and `stepbox policy schema`
# name, and nothing that the program does not know.
#
#     tests/examples/check_documentation.sh STEPBOX
set -euo pipefail
packaging=$(cd "$(dirname "$0")/../../packaging" && pwd)
stepbox=$(realpath "$1")
failed=0

complain() {
  echo "FAILED: $1"
  failed=1
}

# The options that a file names.
named_in() {
  case $1 in
    page) grep -oE 'Fl -[a-z][a-z-]*' "$packaging/man/stepbox.1" | sed 's/^Fl /-/' ;;  # mdoc writes --size as Fl -size
    bash) grep -oE -- '--[a-z][a-z-]*' "$packaging/completions/stepbox.bash" ;;
    zsh) grep -oE -- "^ *'\*?--[a-z][a-z-]*" "$packaging/completions/_stepbox" | grep -oE -- '--.*' ;;
    fish) grep -oE -- '-l [a-z][a-z-]*' "$packaging/completions/stepbox.fish" | sed 's/^-l /--/' ;;
  esac | sort -u
}

options=$("$stepbox" run --help | grep -oE '^  --[a-z-]+' | tr -d ' ' | sort -u)
[ "$(wc -l <<< "$options")" -gt 10 ] || complain "run --help names hardly any option"
# Options of other commands.
others=$(printf '%s\n' --all --json --version --store --generation --files --from --key --keep --max --as)
# Reserved options: the page says that they are refused, and the program must refuse them.
reserved=$(named_in page | grep -vxF -e "$options" -e "$others" || true)
for option in $reserved; do
  said=$("$stepbox" run "$option" x -- true 2>&1 || true)
  [[ $said == *"not supported"* ]] || complain "stepbox.1 names $option, which the program does not know"
done
for source in page bash zsh fish; do
  missing=$(comm -23 <(echo "$options") <(named_in "$source"))
  [ -z "$missing" ] || complain "not in the $source: $(tr '\n' ' ' <<< "$missing")"
  [ "$source" = page ] && continue
  unknown=$(named_in "$source" | grep -vxF -e "$options" -e "$others" || true)
  [ -z "$unknown" ] || complain "unknown option in the $source completion: $(tr '\n' ' ' <<< "$unknown")"
done

# The words that options take, as `policy schema` lists them: each must be offered.
while IFS= read -r word; do
  for file in man/stepbox.1 man/stepbox-policy.5 completions/stepbox.bash completions/_stepbox completions/stepbox.fish; do
    grep -qw -- "$word" "$packaging/$file" || complain "$word is not in $file"
  done
done < <("$stepbox" policy schema | grep -oE '"enum": \[[^]]*\]' | grep -oE '"[a-z-]+"' | tr -d '"' | grep -vx enum | sort -u)

# The page's variables, keys and verdicts.
for option in $options; do
  case $option in --pass-fd | --help) continue ;; esac
  name=STEPBOX_$(tr 'a-z-' 'A-Z_' <<< "${option#--}")
  grep -qE "^\.It Ev $name Ta" "$packaging/man/stepbox.1" || complain "$name is not in stepbox.1"
done
for key in $("$stepbox" policy schema | python3 -c '
import json, sys
def keys(schema, prefix):
    for name, value in schema.get("properties", {}).items():
        inner = next((s for s in value.get("anyOf", [value]) if "properties" in s), None)
        if inner: yield from keys(inner, prefix + name + ".")
        else: yield prefix + name
print("\n".join(keys(json.load(sys.stdin), "")))'); do
  grep -qF "Ic $key :" "$packaging/man/stepbox-policy.5" || complain "the key $key is not in stepbox-policy.5"
done

# Style is not checked, because our lines are longer than mandoc's.
if command -v mandoc > /dev/null; then
  mandoc -Tlint -Wwarning "$packaging"/man/* || complain "mandoc complains"
fi
bash -n "$packaging/completions/stepbox.bash" || failed=1
if command -v zsh > /dev/null; then zsh -n "$packaging/completions/_stepbox" || failed=1; fi
if command -v fish > /dev/null; then fish --no-execute "$packaging/completions/stepbox.fish" || failed=1; fi

if [ "$failed" = 0 ]; then echo "ok      manual pages and completions"; fi
exit "$failed"
