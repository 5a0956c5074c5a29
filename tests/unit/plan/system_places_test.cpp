#include "plan/system_places.hpp"

#include "base/text.hpp"
#include "plan/plan_fixture.hpp"

using namespace stepbox;
using namespace stepbox::test;
using plan::PlaceKind;

namespace {

struct Row {
  const char* paths;
  PlaceKind kind;
};

// Bob's home is /home/bob.
const Row kRows[] = {
    {"/ /home /opt /srv /mnt /media /tmp /var /var/tmp /run /dev /dev/shm /root /var/opt", PlaceKind::system},
    {"/etc /usr /boot /bin /sbin /lib /lib64 /proc /sys /var/lib /var/cache /var/log /var/spool", PlaceKind::system},
    {"/etc/nginx /usr/local/src /usr/src/app /boot/efi /lib/modules /lib64/x /sbin/x /bin/x /proc/1 /sys/fs", PlaceKind::below_system},
    {"/var/lib/jenkins/workspace/x /var/cache/apt /var/log/x /var/spool/cron /var/backups/x /var/mail/bob", PlaceKind::below_system},
    {"/home/bob /home/alice", PlaceKind::home},
    {"/home/bob/work /home/alice/work /root/work /srv/app /opt/app /mnt/disk /media/bob /var/www /var/tmp/x", PlaceKind::project},
    {"/tmp/x /run/media/bob/disk/work /dev/shm/x /workspace /src /builds/x /app /w /go/src/x /etcetera /libx /usrx", PlaceKind::project},
};

}  // namespace

TEST_CASE("directories of the system and homes are told from projects", "[run][source]") {
  for (const Row& row : kRows)
    for (const std::string_view path : split(row.paths, ' ')) {
      INFO(path);
      CHECK(plan::system_place_of(path, user_facts()).kind == row.kind);
    }
}

TEST_CASE("the caller's homes are homes wherever they are", "[run][source]") {
  HostFacts facts = user_facts();
  facts.home = "/data/bob";
  facts.passwd_home = "/w";
  for (const char* home : {"/data/bob", "/w"}) CHECK(plan::system_place_of(home, facts).kind == PlaceKind::home);
  CHECK(plan::system_place_of("/w/sub", facts).kind == PlaceKind::project);
}

TEST_CASE("what lies in a directory of the system is told with its name", "[run][source]") {
  CHECK(plan::system_place_of("/var/lib/x/y", user_facts()).system == "/var/lib");
  CHECK(plan::system_place_of("/etc/x", user_facts()).system == "/etc");
}
