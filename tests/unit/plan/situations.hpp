// The situations that every plan must be sound in: a table of hosts and policies.
#pragma once

#include <string>
#include <vector>

#include "plan/plan_fixture.hpp"

namespace stepbox::test {

struct Situation {
  std::string name;
  HostFacts facts;
  Policy policy;
  // Host trees that the step may write, as "/where = /what".
  std::vector<std::string> writable;
};

// As a user, as root, and as root without shifted ids; with the whole root of the host, and with a reduced one.
std::vector<Situation> situations();

}  // namespace stepbox::test
