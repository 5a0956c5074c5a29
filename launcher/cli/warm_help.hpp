// The help of `stepbox warm`, which stepbox prints, and its companion stepbox-warm as well.
#pragma once

#include <string_view>

namespace stepbox::cli {

// The words that may follow `warm`.
inline constexpr std::string_view kWarmWords[] = {"list", "show", "path", "save", "verify", "prune", "pack", "unpack"};

inline constexpr std::string_view kWarmHelp =
    "usage: stepbox warm list [NAME] [--json]\n"
    "       stepbox warm show NAME [--generation ID] [--files] [--json]\n"
    "       stepbox warm path [NAME]\n"
    "       stepbox warm save NAME [--from DIR] [--key KEY]\n"
    "       stepbox warm verify [NAME] [--json]\n"
    "       stepbox warm prune [NAME] [--keep N] [--max SIZE] [--all]\n"
    "       stepbox warm pack NAME FILE [--generation ID]\n"
    "       stepbox warm unpack FILE [--as NAME]\n"
    "\n"
    "Warm caches: named sets of tool caches that boxes read through and never write. A generation is one immutable state\n"
    "of one; the warm store holds them.\n"
    "\n"
    "  list     the generations of all warm caches, the newest first\n"
    "  show     where a generation came from and what it holds\n"
    "  path     the directory of the warm store, or of the newest generation of NAME\n"
    "  save     makes the next generation from your own caches outside of boxes, or from DIR, which is laid out as the\n"
    "           one that `path NAME` prints\n"
    "  verify   compares each generation with its manifest, byte for byte; one that differs is refused from then on\n"
    "  prune    removes generations that differ, and the oldest ones beyond N (3) and SIZE, but none that a box reads;\n"
    "           --all removes every one that no box reads\n"
    "  pack     writes a generation to FILE, a tar archive compressed with zstd: the same bytes for the same content\n"
    "  unpack   makes the next generation from such a file\n"
    "\n"
    "The store is /var/lib/stepbox/warm for root, $XDG_DATA_HOME/stepbox/warm for other users. --store DIR before the\n"
    "verb or STEPBOX_WARM_STORE names another one.\n"
    "\n"
    "examples:\n"
    "  stepbox warm list\n"
    "  stepbox warm verify\n"
    "  stepbox warm prune --keep 2 --max 20GiB\n"
    "\n"
    "exit status: 0; 1 when verify found a generation that differs, or nothing was saved; 125 when stepbox could not do\n"
    "its work.\n";

}  // namespace stepbox::cli
