// Mounts that only the program under test sees. For Command::prepare, in mounts of the program's own.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>

#include "support/place.hpp"

namespace stepbox::feature::in_child {

// An empty file system at a directory that every host has.
void mount_empty(const std::filesystem::path& where);

// A file system that cannot be id-mapped, which makes root's box degraded.
void mount_ramfs(const std::filesystem::path& where);

void make_owned_directory(const std::filesystem::path& path, mode_t mode, uid_t owner);

}  // namespace stepbox::feature::in_child

namespace stepbox::feature {

// Gives the caller an entry in the user database that only the program sees: a home that no variable names. Takes
// mounts of its own for that; empty where the suite is not root.
std::function<void()> with_passwd_home(const Place& place, const std::filesystem::path& home);

}  // namespace stepbox::feature
