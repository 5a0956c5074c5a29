// The warm store: directories of the host that hold the generations of warm caches (model/warm.hpp).
//
//   STORE/                        root: /var/lib/stepbox/warm; user: $XDG_DATA_HOME/stepbox/warm
//     NAME/                       one warm cache
//       lock                      an exclusive lock on it for each save, prune or clean-up
//       current                   a symbolic link: the id of the newest generation
//       keys/KEY                  a symbolic link: the id of the generation that was saved, or found unchanged, with
//                                 this key
//       generations/ID/           complete and never changed; ID is NUMBER-DIGEST, and numbers grow
//         lock                    a shared lock on it for each box that reads the generation
//         manifest                what the tree holds and where it came from (warm/manifest.hpp)
//         seal                    the manifest's digest, and inodes and times of manifest and tree (warm/seal.hpp)
//         tree/cache/go-build/... what boxes see, by its path in the workspace
//       unfinished/               only while a save or prune works, or after one was killed
//
// The owner alone may enter any of it: every directory down to generations/ has mode 0700, and a store, or a
// directory of it, that belongs to another user or that others can write to is refused.
//
// A generation that was changed is refused, too. At each pin that means: a change of its manifest, or of the entries
// right below tree/ and below the top directories of the caches, each by inode, size and times. That finds a tool
// that was run on a generation by hand, or a copied store, at the price of a few system calls. Contents are compared
// with the manifest by `stepbox warm verify`, which breaks the seal of a generation that differs, so that from then on
// it is refused at each pin. Neither protects from the store's owner, since the owner can write a new seal.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "model/warm.hpp"
#include "sys/fd.hpp"

namespace stepbox::warm {

// Whether the text may name a warm cache: lower-case letters, digits, '.', '_' and '-', at most 64, not beginning with
// a '.' or '-'.
bool is_warm_name(std::string_view text);

// Where the store of the caller is: the value of STEPBOX_WARM_STORE; for root /var/lib/stepbox/warm; else
// $XDG_DATA_HOME/stepbox/warm or ~/.local/share/stepbox/warm. `variable` returns a variable's value, or "". As the
// XDG specification says, a relative XDG_DATA_HOME counts as unset. Error: none of them is set, or
// STEPBOX_WARM_STORE or HOME is relative.
Result<std::string> store_path(bool is_root, const std::function<std::string(const char*)>& variable);

// A directory of the store that is open for reading.
struct Place {
  sys::Fd directory;
  std::string path;  // absolute, for messages and mounts
};

// The directory of a warm cache. Nothing if there is no store, or none of that name in it. Makes nothing. Error: it is
// not the caller's alone.
Result<std::optional<Place>> open_cache(const std::string& store, const std::string& name);

struct Pinned {
  WarmGeneration generation;
  bool has_key = false;  // it was saved with the key that was asked for
  // Absolute. Below it is each directory of the warm cache at its path in the workspace: TREE/cache/go-build. Does not
  // change its name while the lease is held.
  std::string tree;
  // A shared lock on an empty file. The generation is not removed while any copy of this descriptor is open.
  sys::Fd lease;
};

// Finds the generation to read, and keeps it from being removed: the one that was saved with `key`, else the newest;
// nothing if there is none yet. `key` is empty if none is asked for. Some twenty system calls, no list of files is
// read. Removes what a killed save or prune left behind, if there is any.
//
// Error: the store is not the caller's alone, or the generation was changed; the hint names the remedy.
Result<std::optional<Pinned>> pin(const std::string& store, const std::string& name, const std::string& key = {});

// The same for a certain generation; nothing if it is gone.
Result<std::optional<Pinned>> pin_generation(const std::string& store, const std::string& name, const std::string& id);

// The newest generation's id without a pin, or nothing. For a run that starts from an empty cache and will save.
Result<std::optional<std::string>> current_id(const std::string& store, const std::string& name);

}  // namespace stepbox::warm
