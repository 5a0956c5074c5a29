#include "sandbox/overlay_failure.hpp"

#include <sys/utsname.h>

#include <cerrno>
#include <cstdio>

#include "base/text.hpp"

namespace stepbox::sandbox {
namespace {

struct Remedy {
  OverlayOf of;
  const char* instead;
};
constexpr Remedy kInstead[] = {{OverlayOf::source, "use --source rw or --source ro"},
                               {OverlayOf::root, "use --root ro"},
                               {OverlayOf::home, "use --home fresh or --home host"},
                               {OverlayOf::warm, "leave --warm out"}};

const char* instead_of(OverlayOf of) {
  for (const Remedy& row : kInstead)
    if (row.of == of) return row.instead;
  return "";
}

bool is_kernel_before(const utsname& system, int major, int minor) {
  int found_major = 0;
  int found_minor = 0;
  if (std::sscanf(system.release, "%d.%d", &found_major, &found_minor) != 2) return false;
  return found_major < major || (found_major == major && found_minor < minor);
}

std::string this_is(const utsname& system) { return "; this is Linux " + std::string(system.release); }

// Why the kernel refuses to mount it, as far as an errno tells.
std::string cause_of(const Plan& plan, const PlannedOverlay& overlay, int number, const utsname& system) {
  const bool is_shifted = plan.identity.isolation == UidIsolation::shifted;
  if (number == ENODEV) return "this kernel has no overlay file system (modprobe overlay)";
  if (number == EPERM || number == EACCES)
    return plan.identity.isolation == UidIsolation::mapped ? "an ordinary user's overlays need Linux 5.11 and no security module that forbids them" + this_is(system)
                                                           : "a security module or a container forbids overlays";
  if (is_shifted && is_kernel_before(system, 5, 19)) return "an overlay of a tree with shifted ids needs Linux 5.19" + this_is(system);
  if (overlay.file_system == "overlay") return "it lies on an overlay itself, and the kernel stacks two of them at most";
  return "its file system (" + escaped(overlay.file_system) + ") may not be fit for it; the kernel's log (dmesg) says more";
}

}  // namespace

Error overlay_failure_text(const Plan& plan, Stage stage, const MountCall& call, int number) {
  utsname system{};
  ::uname(&system);
  if (plan.files.overlays.empty()) return Error::from_errno("cannot try an overlay", number);
  // The trial is for all of them.
  const PlannedOverlay& overlay = plan.files.overlays[call.overlay >= 0 ? static_cast<size_t>(call.overlay) : 0];
  const std::string from = overlay.origin.place.empty() ? "" : " (" + escaped(overlay.origin.text()) + ")";
  const std::string tried = "cannot show " + quoted(overlay.lowers.front()) + " as an overlay, as " + overlay.why + from;
  Error error;
  if (stage == Stage::id_map) {
    error = Error::from_errno(tried + ": its file system (" + escaped(overlay.file_system) + ") cannot be mounted with shifted ids", number);
    error.hint = "put it on a local file system (ext4, xfs, btrfs)";
  } else if (stage == Stage::try_overlay) {
    error = Error::from_errno(tried + ": the kernel mounts overlays here, but a directory of the host cannot be removed in one", number);
    error.hint = "memory file systems keep the attributes that this needs from Linux 6.6 on" + this_is(system) + ": run stepbox as root";
  } else {
    error = Error::from_errno(tried, number);
    error.hint = cause_of(plan, overlay, number, system);
  }
  error.hint += std::string(", or ") + instead_of(overlay.of);
  return error;
}

}  // namespace stepbox::sandbox
