#include "model/changes.hpp"

namespace stepbox {

const char* name_of(ChangeKind kind) {
  switch (kind) {
    case ChangeKind::added: return "added";
    case ChangeKind::modified: return "modified";
    case ChangeKind::deleted: return "deleted";
    case ChangeKind::touched: return "touched";
  }
  return "";
}

const char* name_of(EntryType type) {
  switch (type) {
    case EntryType::file: return "file";
    case EntryType::directory: return "directory";
    case EntryType::link: return "link";
    case EntryType::other: return "other";
  }
  return "";
}

const char* name_of(ChangedTree tree) {
  switch (tree) {
    case ChangedTree::source: return "source";
    case ChangedTree::home: return "home";
    case ChangedTree::root: return "root";
  }
  return "";
}

}  // namespace stepbox
