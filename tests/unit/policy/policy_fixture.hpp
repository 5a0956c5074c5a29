// A place for policy files of every layer, gone at the end of the test case.
#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "policy/keys.hpp"
#include "policy/resolve.hpp"

namespace stepbox::policy {

class PolicyFixture {
 public:
  PolicyFixture() {
    std::string pattern = (std::filesystem::temp_directory_path() / "stepbox-policy-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) FAIL("mkdtemp failed");
    root_ = pattern;
    for (const char* directory : {"site", "user", "checkout", "cwd"})
      std::filesystem::create_directory(root_ + "/" + directory);
    request.site_directory = root_ + "/site";
    request.user_directory = root_ + "/user";
    request.checkout = root_ + "/checkout";
    request.cwd = root_ + "/cwd";
    request.memory_bytes = 16ULL << 30;
  }
  ~PolicyFixture() { std::filesystem::remove_all(root_); }
  PolicyFixture(const PolicyFixture&) = delete;
  PolicyFixture& operator=(const PolicyFixture&) = delete;

  void write(const std::string& path, std::string_view text) const {
    std::ofstream(root_ + "/" + path, std::ios::binary) << text;
  }
  // Writes a policy without its first line, which is always the same.
  void site(std::string_view body) const { write("site/policy.yaml", "version: 1\n" + std::string(body)); }
  void user(std::string_view body) const { write("user/policy.yaml", "version: 1\n" + std::string(body)); }
  void project(std::string_view body) const { write("checkout/.stepbox.yaml", "version: 1\n" + std::string(body)); }

  void option(std::string key, std::string name, std::string value) {
    const std::string place(find_key(key)->option);
    request.settings.push_back(Setting{std::move(key), std::move(name), std::move(value),
                                       Origin{.layer = Layer::command_line, .place = place}});
  }

  void variable(std::string text) { variables_.push_back(std::move(text)); }

  Policy resolved() {
    auto policy = resolve_now();
    if (!policy) FAIL(policy.error().message);
    return std::move(*policy);
  }

  // The error's message, with the directory of this test as "ROOT".
  std::string refusal() { return without_root(error().message); }
  std::string hint() { return without_root(error().hint); }

  const std::string& root() const { return root_; }
  ResolveRequest request;

 private:
  Result<Policy> resolve_now() {
    std::vector<const char*> environment;
    for (const std::string& text : variables_) environment.push_back(text.c_str());
    environment.push_back(nullptr);
    request.environment = environment.data();
    return resolve(request);
  }

  Error error() {
    auto policy = resolve_now();
    REQUIRE_FALSE(policy.has_value());
    return std::move(policy).error();
  }

  std::string without_root(std::string text) const {
    for (size_t at = text.find(root_); at != std::string::npos; at = text.find(root_))
      text.replace(at, root_.size(), "ROOT");
    return text;
  }

  std::string root_;
  std::vector<std::string> variables_;
};

}  // namespace stepbox::policy
