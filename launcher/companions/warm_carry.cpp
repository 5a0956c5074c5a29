// pack and unpack.
#include <unistd.h>

#include "base/log.hpp"
#include "base/text.hpp"
#include "cli/output.hpp"
#include "companions/progress_line.hpp"
#include "companions/warm_verbs.hpp"
#include "model/units.hpp"
#include "warm/archive.hpp"

namespace stepbox::companions {

Result<int> pack_warm(const WarmArguments& arguments) {
  const std::string& name = arguments.operands[0];
  const std::string& file = arguments.operands[1];
  if (file == "-" && ::isatty(STDOUT_FILENO) == 1) return fail("a packed warm cache is nothing for a terminal", "name a file, or pipe it on");
  TRY_ASSIGN(const std::optional<warm::OpenGeneration> open,
             arguments.generation.empty() ? warm::open_newest(arguments.store, name)
                                          : warm::open_generation(arguments.store, name, arguments.generation));
  if (!open) return fail("there is no such generation of " + quoted(name), "stepbox warm list");
  {
    ProgressLine line("packing " + name);
    TRY(warm::pack(*open, file, [&line](uint64_t files, uint64_t bytes) { line.show(files, bytes); }));
  }
  const WarmGeneration& generation = open->manifest.generation;
  log::say("packed " + name + " " + generation.id + ": " + human_bytes(generation.bytes) + " in " + std::to_string(generation.files) + " files");
  return 0;
}

Result<int> unpack_warm(const WarmArguments& arguments) {
  ProgressLine line("unpacking");
  const warm::Progress progress = [&line](uint64_t files, uint64_t bytes) { line.show(files, bytes); };
  TRY_ASSIGN(const warm::SaveResult result, warm::unpack(arguments.store, arguments.as, arguments.operands[0], WarmBounds{}, progress));
  return cli::print(result.sentence + "\n");
}

}  // namespace stepbox::companions
