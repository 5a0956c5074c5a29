// Where outputs go.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "model/outputs.hpp"
#include "outputs/journal.hpp"
#include "outputs/staging.hpp"
#include "sys/fd.hpp"

namespace stepbox::outputs {

// How a set becomes visible.
enum class Way : uint8_t {
  none,      // nothing is put anywhere
  whole,     // a directory of outputs only, replaced by one rename
  mounted,   // likewise, but the directory is a mount point: what is in it is replaced
  into       // entries of a directory that holds other files as well
};

class Destination {
 public:
  // Looks, before the step starts, whether outputs can be put where the plan says, and makes missing directories above
  // --outputs-to. Completes the set of a run that was killed there, or removes what it had staged. Does nothing if no
  // outputs are declared.
  static Result<Destination> prepare(const OutputsPlan& plan);

  Destination() = default;

  Way way() const { return way_; }
  const std::string& path() const { return path_; }
  // The directory in which entries are replaced: that of the outputs, or the one above it. Borrowed.
  int place() const { return place_.get(); }
  // Way::whole: the name of the directory of outputs in it.
  const std::string& name() const { return name_; }
  // The host's checkout, for those of its files that are outputs as they are; -1 for none. Borrowed.
  int checkout() const { return checkout_.get(); }

  // Whether what is there now may be replaced, as prepare() found it before the step. Way::whole, Way::mounted.
  Result<> check_replaceable() const;
  // The mode of the directory of outputs: that of the one to be replaced, or an ordinary one.
  mode_t mode() const;
  // The directory of outputs, if there is one yet.
  sys::Fd open_outputs() const;

  // Writes --outputs-manifest, unless it lies in the directory of outputs.
  Result<> write_manifest(const std::string& text) const;
  // Way::whole, Way::mounted: the manifest's path in the directory of outputs; empty if it lies elsewhere.
  const std::string& manifest_inside() const { return manifest_inside_; }

 private:
  Result<> refuse_links(const OutputsPlan& plan, const std::string& path, const char* option) const;
  Result<> open_directory_of_outputs(const OutputsPlan& plan);
  Result<> open_checkout(const OutputsPlan& plan);
  Result<> prepare_manifest(const OutputsPlan& plan);
  Result<> check_writable() const;
  Result<> clean_up(const OutputsPlan& plan) const;

  Way way_ = Way::none;
  std::string path_;
  std::string place_path_;
  sys::Fd place_;
  std::string name_;
  sys::Fd checkout_;
  sys::Fd manifest_place_;
  std::string manifest_;
  std::string manifest_name_;
  std::string manifest_inside_;
};

}  // namespace stepbox::outputs
