#include "model/policy.hpp"

namespace stepbox {

const char* name_of(Isolation isolation) {
  switch (isolation) {
    case Isolation::full: return "full";
    case Isolation::landlock: return "landlock";
    case Isolation::env: return "env";
  }
  return "";
}

const char* name_of(SourceMode mode) {
  switch (mode) {
    case SourceMode::rw: return "rw";
    case SourceMode::ro: return "ro";
    case SourceMode::none: return "none";
  }
  return "";
}

const char* name_of(RootMode mode) {
  switch (mode) {
    case RootMode::ro: return "ro";
    case RootMode::system: return "system";
  }
  return "";
}

const char* name_of(HomeMode mode) {
  switch (mode) {
    case HomeMode::fresh: return "fresh";
    case HomeMode::host: return "host";
  }
  return "";
}

const char* name_of(NetworkMode mode) {
  switch (mode) {
    case NetworkMode::host: return "host";
    case NetworkMode::loopback: return "loopback";
    case NetworkMode::none: return "none";
  }
  return "";
}

const char* name_of(PathAccess access) {
  switch (access) {
    case PathAccess::ro: return "ro";
    case PathAccess::rw: return "rw";
    case PathAccess::hide: return "hide";
  }
  return "";
}

}  // namespace stepbox
