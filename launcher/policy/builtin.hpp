// The built-in policies as flat tables: policies/*.yaml, checked and turned into C++ by
// compile_policies.cpp when stepbox is built, since parsing YAML would cost more than all the rest of
// starting a step with a policy.
#pragma once

#include <span>
#include <string_view>

namespace stepbox::policy {

struct BuiltinSetting {
  std::string_view key;
  std::string_view name;
  std::string_view value;
  int line;  // in policies/NAME.yaml
};

struct Builtin {
  std::string_view name;
  std::string_view summary;
  std::span<const BuiltinSetting> settings;
};

// All of them, by name.
std::span<const Builtin> builtins();

}  // namespace stepbox::policy
