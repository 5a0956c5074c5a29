#include "plan/system_places.hpp"

#include "base/text.hpp"

namespace stepbox::plan {
namespace {

enum class Reach : uint8_t { itself, below };

struct Row {
  std::string_view path;
  Reach reach;
};

// CI builders keep workspaces below /opt, /srv, /mnt, /run/media and other parts of /var, sometimes without a mark.
constexpr Row kSystem[] = {
    {"/", Reach::itself},          {"/bin", Reach::below},       {"/boot", Reach::below},     {"/dev", Reach::itself},
    {"/dev/shm", Reach::itself},   {"/etc", Reach::below},       {"/home", Reach::itself},    {"/lib", Reach::below},
    {"/lib32", Reach::below},      {"/lib64", Reach::below},     {"/libx32", Reach::below},   {"/lost+found", Reach::below},
    {"/media", Reach::itself},     {"/mnt", Reach::itself},      {"/opt", Reach::itself},     {"/proc", Reach::below},
    {"/root", Reach::itself},      {"/run", Reach::itself},      {"/run/user", Reach::itself}, {"/sbin", Reach::below},
    {"/srv", Reach::itself},       {"/sys", Reach::below},       {"/tmp", Reach::itself},     {"/usr", Reach::below},
    {"/var", Reach::itself},       {"/var/backups", Reach::below}, {"/var/cache", Reach::below}, {"/var/crash", Reach::below},
    {"/var/db", Reach::below},     {"/var/lib", Reach::below},   {"/var/lock", Reach::below}, {"/var/log", Reach::below},
    {"/var/mail", Reach::below},   {"/var/opt", Reach::itself},  {"/var/run", Reach::below},  {"/var/spool", Reach::below},
    {"/var/tmp", Reach::itself},
};

constexpr std::string_view kHomes = "/home/";

bool is_home(std::string_view path, const HostFacts& facts) {
  if (path == facts.home || path == facts.passwd_home) return true;
  return path.starts_with(kHomes) && path.find('/', kHomes.size()) == std::string_view::npos;
}

}  // namespace

SystemPlace system_place_of(std::string_view path, const HostFacts& facts) {
  for (const Row& row : kSystem) {
    if (path == row.path) return {PlaceKind::system, row.path};
    if (row.reach == Reach::below && is_within(path, row.path)) return {PlaceKind::below_system, row.path};
  }
  return {is_home(path, facts) ? PlaceKind::home : PlaceKind::project};
}

}  // namespace stepbox::plan
