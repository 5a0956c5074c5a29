#include "warm/generation.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/text.hpp"
#include "sys/file_content.hpp"
#include "warm/layout.hpp"

namespace stepbox::warm {
namespace {

Result<std::optional<OpenGeneration>> open_pinned(const std::string& store, const std::string& name, std::optional<Pinned> pin) {
  if (!pin) return std::nullopt;
  TRY_ASSIGN(const std::optional<Place> cache, open_cache(store, name));
  if (!cache) return std::nullopt;
  const std::string& id = pin->generation.id;
  TRY_ASSIGN(const std::string text, read_manifest_text(cache->directory.get(), id));
  auto manifest = manifest_of_text(text);
  const char* const kVerify = "stepbox warm verify";
  if (!manifest) return std::unexpected(std::move(manifest).error().within("the manifest of " + name + " " + id + " cannot be read").with_hint(kVerify));
  if (manifest->generation != pin->generation) return fail("the manifest of " + name + " " + id + " does not fit its seal", kVerify);
  sys::Fd tree(::open(pin->tree.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!tree) return fail_errno("cannot open " + quoted(pin->tree), errno);
  return OpenGeneration{std::move(*pin), std::move(*manifest), std::move(tree)};
}

}  // namespace

Result<std::optional<OpenGeneration>> open_generation(const std::string& store, const std::string& name, const std::string& id) {
  TRY_ASSIGN(std::optional<Pinned> pinned, pin_generation(store, name, id));
  return open_pinned(store, name, std::move(pinned));
}

Result<std::optional<OpenGeneration>> open_newest(const std::string& store, const std::string& name) {
  TRY_ASSIGN(std::optional<Pinned> pinned, pin(store, name));
  return open_pinned(store, name, std::move(pinned));
}

Result<std::string> read_manifest_text(int cache, const std::string& id) {
  const sys::Fd file(::openat(cache, generation_path(id, kManifest).c_str(), O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC));
  if (!file) return fail_errno("cannot read the manifest of " + id, errno);
  std::string text;
  const int failed = sys::read_content(file.get(), [&text](std::string_view bytes) { text += bytes; });
  if (failed != 0) return fail_errno("cannot read the manifest of " + id, failed);
  return text;
}

}  // namespace stepbox::warm
