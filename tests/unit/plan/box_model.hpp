// A model of the box: carries out a plan's flat list of mounts in memory, by the rules that the kernel
// and sandbox/mounts.cpp have. What the kernel would refuse is a problem; what is left at the end can be
// looked at.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/host_facts.hpp"
#include "model/plan.hpp"

namespace stepbox::test {

enum class NodeKind : uint8_t { missing, directory, file, link };

// What exists on the host: everything the facts name, with what lies above it.
class HostTree {
 public:
  explicit HostTree(const HostFacts& facts);
  void add(const std::string& path, NodeKind kind);
  NodeKind kind_of(const std::string& path) const;

 private:
  std::map<std::string, NodeKind> nodes_;
};

class BoxModel {
 public:
  // The step makes the directories of its caches while init goes on mounting: all of them before, or all after.
  enum class Step : uint8_t { first, last };
  BoxModel(const Plan& plan, const HostFacts& facts, Step step = Step::last);

  // What would have failed, or happened outside the box.
  const std::vector<std::string>& problems() const { return problems_; }

  struct Seen {
    NodeKind kind = NodeKind::missing;
    bool writable = false;
    std::string host;   // the path of the host that is shown there; empty where it is the box's own
    std::string lower;  // the path of the host that is seen through an overlay
    int volume = -1;    // the volume that it lies in
    std::string mount;  // the mount that it is on: "tmpfs", "host", "proc", "devpts"
  };
  // At an absolute path, at the end of the list.
  Seen look(std::string_view path) const;

  // Host trees that can be reached and written at the end, as "/where = /what".
  std::vector<std::string> writable_host_trees() const;
  // Everything else that is writable and in no volume.
  std::vector<std::string> writable_elsewhere() const;

  // Directories, files and links in a volume, its root included.
  uint64_t inodes_in(int volume) const { return volumes_.at(volume)->nodes.size(); }

 private:
  struct FileSystem {
    std::string type;  // "tmpfs", "host", "overlay", "proc", "devpts"
    std::string lower;  // of an overlay: the host's directory
    int volume = -1;
    std::map<std::string, NodeKind> nodes;  // of a tmpfs; "" is its root
  };
  struct Mount {
    FileSystem* fs;
    std::string root;  // the path in the file system that the mount shows
    bool read_only = false;
    Mount* parent = nullptr;
    std::string at;  // where on the parent, as a path of the parent's file system
  };
  struct Place {
    Mount* mount = nullptr;
    std::string path;  // in the mount's file system
    NodeKind kind = NodeKind::missing;
    bool through_link = false;
  };

  void carry_out_all(std::span<const MountCall> calls);
  Place resolve(std::string_view path) const;
  NodeKind kind_in(const FileSystem& fs, const std::string& path) const;
  Mount* topmost_at(const Mount* parent, const std::string& path) const;
  std::string carry_out(const MountCall& call);
  std::string make(const MountCall& call);
  std::string check_layers(const MountCall& call) const;
  std::string has_layers(const MountCall& call) const;
  std::string overlay(const MountCall& call);
  std::string attach(const MountCall& call, FileSystem* fs, const std::string& root);
  std::string rebind(const MountCall& call);
  FileSystem* new_fs(std::string type);
  bool is_reachable(const Mount& mount) const;
  std::string path_of(const Mount& mount) const;

  HostTree host_;
  std::list<FileSystem> file_systems_;
  std::list<Mount> mounts_;
  FileSystem* host_fs_;
  std::map<int, FileSystem*> volumes_;
  std::vector<std::string> problems_;
};

}  // namespace stepbox::test
