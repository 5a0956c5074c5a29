// The report file of one run, from the moment the arguments are read. It says `running`, then the outcome of the run,
// or `launcher-error` and why stepbox could not do its work. So an older success never stands in for a run that
// failed to start. A stepbox that is killed leaves `running` behind, with its pid and start time.
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
  // Writes nothing yet. With an empty path, no member ever writes anything.
  static Result<RunRecord> open(const std::string& path, std::vector<std::string> argv);

  // The run's id; empty if there will be no report.
  const std::string& run_id() const { return beginning_.run.id; }

  // Whether there will be a report at all.
  bool is_wanted() const { return destination_.has_value(); }

  // Writes `running`, before the step starts: an unwritable place is then an error while there is nothing to lose. A
  // FIFO, a device and a descriptor get only the final record.
  Result<> announce();

  // Writes the final record, with the run's identity filled in. Error: it could not be written. The file then says
  // `launcher-error`, as the exit code does, or is gone.
  Result<> finish(Report& report);

  // Writes `launcher-error`: the step did not run, or its end is unknown.
  Result<> fail(const Error& error);

 private:
  Result<> write_failure(std::string sentence);

  std::optional<report::Destination> destination_;
  Report beginning_;
};

}  // namespace stepbox::cli
