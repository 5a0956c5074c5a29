// The report file of one run, from the moment the arguments are read: it says `running`, then what became of the run,
// or `launcher-error` and why stepbox could not do its work. So an older success never stands in for a run that failed
// to start. A stepbox that is killed leaves `running`, with its pid and the time of its start.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/report.hpp"
#include "report/report.hpp"

namespace stepbox::cli {

class RunRecord {
 public:
  // Writes nothing yet. With an empty path, none of these ever writes anything.
  static Result<RunRecord> open(const std::string& path, std::vector<std::string> argv);

  // Whether anybody will read it.
  bool is_wanted() const { return destination_.has_value(); }

  // `running`. Before the step starts: a place that cannot be written is an error while there is nothing to lose.
  // A fifo, a device and a descriptor get the last word only.
  Result<> announce();

  // The end, as a whole; fills in what names the run. An error where that cannot be written: then the file says
  // `launcher-error`, as the exit code does, or is gone.
  Result<> finish(Report& report);

  // `launcher-error`: the step did not run, or how it would have ended is not known.
  Result<> fail(const Error& error);

 private:
  Result<> write_failure(std::string sentence);

  std::optional<report::Destination> destination_;
  Report beginning_;
};

}  // namespace stepbox::cli
