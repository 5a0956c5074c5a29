#include "plan/named_programs.hpp"

#include <catch2/catch.hpp>

#include "base/text.hpp"

using namespace stepbox;

namespace {

struct Row {
  std::string command;  // words separated by blanks
  std::string names;    // programs, and behind a colon the script
};

std::string named_by(const std::string& command) {
  std::vector<std::string> argv;
  for (const std::string_view word : split(command, ' ')) argv.emplace_back(word);
  std::string names;
  for (const plan::NamedProgram& named : plan::named_programs(argv))
    names += (named.as == plan::NamedAs::script ? ":" : names.empty() ? "" : " ") + named.word;
  return names;
}

const Row kRows[] = {
    {"make all", "make"},
    {"/tmp/go-build1/b001/x.test -test.v", "/tmp/go-build1/b001/x.test"},
    // As CI engines start their scripts.
    {"bash -e /tmp/s", "bash:/tmp/s"},
    {"bash -eo pipefail /tmp/s", "bash:/tmp/s"},
    {"bash --noprofile --norc -eo pipefail /tmp/s", "bash:/tmp/s"},
    {"bash -o errexit -o pipefail /tmp/s a b", "bash:/tmp/s"},
    {"/bin/sh -xe /tmp/jenkins123.sh", "/bin/sh:/tmp/jenkins123.sh"},
    {"sh -e -- /tmp/s", "sh:/tmp/s"},
    {"sh - /tmp/s", "sh:/tmp/s"},
    {"bash +x /tmp/s", "bash:/tmp/s"},
    {"bash --rcfile /tmp/rc /tmp/s", "bash:/tmp/s"},
    {"bash -O extglob +O nullglob /tmp/s", "bash:/tmp/s"},
    {"zsh -o shwordsplit /tmp/s", "zsh:/tmp/s"},
    {"ksh93 /tmp/s", "ksh93:/tmp/s"},
    {"python -u /tmp/s.py", "python:/tmp/s.py"},
    {"/usr/bin/python3.11 -W ignore -Xdev -B /tmp/s.py", "/usr/bin/python3.11:/tmp/s.py"},
    {"python3 -Wignore /tmp/s.py", "python3:/tmp/s.py"},
    {"pypy3.9 --check-hash-based-pycs always s.py", "pypy3.9:s.py"},
    {"perl -w -I lib -MStrict::e /tmp/s.pl", "perl:/tmp/s.pl"},
    {"ruby -W0 -I lib -r set /tmp/s.rb", "ruby:/tmp/s.rb"},
    {"node --max-old-space-size=4096 --require ./x /tmp/s.js", "node:/tmp/s.js"},
    {"php -d a=b -f /tmp/s.php", "php:/tmp/s.php"},
    {"php /tmp/s.php", "php:/tmp/s.php"},
    {"lua5.4 -l x /tmp/s.lua", "lua5.4:/tmp/s.lua"},
    {"Rscript --vanilla /tmp/s.R", "Rscript:/tmp/s.R"},
    {"java -Xmx1g -cp a:b -jar /tmp/x.jar arg", "java:/tmp/x.jar"},
    {"java -cp a Main arg", "java:Main"},
    {"pwsh -NoLogo -NonInteractive -ExecutionPolicy Bypass -File /tmp/s.ps1", "pwsh:/tmp/s.ps1"},
    {"pwsh /tmp/s.ps1", "pwsh:/tmp/s.ps1"},
    // What is told by an option, or read from standard input, is no file.
    {"sh -c /tmp/s", "sh"},
    {"bash -lc /tmp/s", "bash"},
    {"bash -ec /tmp/s x", "bash"},
    {"bash -s /tmp/s", "bash"},
    {"bash", "bash"},
    {"bash -o", "bash"},
    {"bash --", "bash"},
    {"python -m pytest /tmp/s", "python"},
    {"python -um pytest", "python"},
    {"python - /tmp/s", "python"},
    {"perl -le print /tmp/s", "perl"},
    {"ruby -e x /tmp/s", "ruby"},
    {"node -e x /tmp/s", "node"},
    {"node --eval=x /tmp/s", "node"},
    {"java -m x/y /tmp/s", "java"},
    {"pwsh -Command /tmp/s", "pwsh"},
    {"php -r x", "php"},
    {"php -f", "php"},
    // What starts another command.
    {"env A=b -u C /tmp/x", "env /tmp/x"},
    {"env -i A=b bash -e /tmp/s", "env bash:/tmp/s"},
    {"env - A=b /tmp/x", "env /tmp/x"},
    {"env -S x /tmp/x", "env"},
    {"env A=b", "env"},
    {"timeout -k 5 --signal=INT 10m /tmp/x", "timeout /tmp/x"},
    {"timeout 5 sh /tmp/s", "timeout sh:/tmp/s"},
    {"timeout 5", "timeout"},
    {"nice -n 5 timeout 3 env X=1 python3 /tmp/s.py", "nice timeout env python3:/tmp/s.py"},
    {"nice -5 /tmp/x", "nice /tmp/x"},
    {"taskset -c 0-3 /tmp/x", "taskset /tmp/x"},
    {"stdbuf -oL /tmp/x", "stdbuf /tmp/x"},
    {"stdbuf -o L /tmp/x", "stdbuf /tmp/x"},
    {"xvfb-run -a -s x /tmp/x", "xvfb-run /tmp/x"},
    {"busybox sh /tmp/s", "busybox sh:/tmp/s"},
    {"tini -- /tmp/x", "tini /tmp/x"},
};

}  // namespace

TEST_CASE("the files that a command line executes are told", "[run][named-programs]") {
  for (const Row& row : kRows) {
    INFO(row.command);
    CHECK(named_by(row.command) == row.names);
  }
}

TEST_CASE("odd command lines name what they can", "[run][named-programs]") {
  CHECK(plan::named_programs({}).empty());
  CHECK(named_by("") == "");
  CHECK(named_by("123") == "123");
  CHECK(named_by("bash  /tmp/s") == "bash:");  // an empty word is an operand
  CHECK(named_by("env  /tmp/s") == "env ");
  CHECK(named_by("/tmp/") == "/tmp/");
}
