// Tools that real builds use, and what the user says about their caches.
#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"

namespace stepbox::feature {
namespace {

const HostFeature fakeroot = {"fakeroot", [] { return fs::exists("/usr/bin/fakeroot"); }, "apt-get install fakeroot"};
const HostFeature dpkg_dev = {"dpkg-buildpackage", [] { return fs::exists("/usr/bin/dpkg-buildpackage"); }, "apt-get install dpkg-dev"};

// A Debian source package whose files belong to users other than its builder.
void make_source_package(const Place& place) {
  const fs::path debian = place.make_directory(place.checkout() / "debian");
  place.make_file(debian / "control",
                  "Source: tiny\nSection: misc\nPriority: optional\nMaintainer: T <t@example.org>\nStandards-Version: 4.6.2\n"
                  "Rules-Requires-Root: binary-targets\n\nPackage: tiny\nArchitecture: all\nDescription: tiny\n");
  place.make_file(debian / "changelog",
                  "tiny (1) unstable; urgency=low\n\n  * First.\n\n -- T <t@example.org>  Mon, 01 Jan 2024 00:00:00 +0000\n");
  place.make_file(debian / "rules",
                  "#!/usr/bin/make -f\n"
                  "clean:\n\trm -rf debian/tiny debian/files\n"
                  "build build-arch build-indep binary-arch:\n"
                  "binary: binary-indep\n"
                  "binary-indep:\n"
                  "\tinstall -d debian/tiny/DEBIAN debian/tiny/var/spool/tiny\n"
                  "\ttouch debian/tiny/var/spool/tiny/roots\n"
                  "\tchown -R 0:0 debian/tiny\n"
                  "\tchown 33:44 debian/tiny/var/spool/tiny\n"
                  "\tchmod 2750 debian/tiny/var/spool/tiny\n"
                  "\tdpkg-gencontrol -ptiny -Pdebian/tiny\n"
                  "\tdpkg-deb --build debian/tiny ..\n",
                  0755);
}

}  // namespace

TEST_CASE("files under fakeroot keep the owners that they were given", "[tools]") {
  REQUIRE_HOST(fakeroot);
  const Caller caller = GENERATE(from_range(callers()));
  const std::string isolation = GENERATE("full", "landlock", "env");
  CAPTURE(caller, isolation);
  const Place place(caller);
  const Run ran = place.run_step({"--isolation", isolation},
                                 {"fakeroot", "sh", "-ec", "touch file; chown 33:44 file; stat -c %u:%g file; chown -h 0:0 file; stat -c %u:%g file"});
  INFO(ran);
  CHECK(ran.out == "33:44\n0:0\n");
  CHECK(ran.code() == 0);
}

TEST_CASE("a Debian package whose binary targets need root can be built", "[tools]") {
  REQUIRE_HOST(fakeroot);
  REQUIRE_HOST(dpkg_dev);
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  make_source_package(place);
  // The packages are put beside their source.
  const Run built = place.run_step({"--source-path", ".."}, {"dpkg-buildpackage", "-us", "-uc", "-d", "-b"});
  INFO(built);
  REQUIRE(built.code() == 0);
  const Run listed = run(place.command({"sh", "-c", "dpkg-deb --fsys-tarfile ../tiny_1_all.deb | tar --numeric-owner -tvf -"}));
  INFO(listed);
  CHECK(listed.out.find("drwxr-s--- 33/44") != std::string::npos);
  CHECK(listed.out.find("-rw-r--r-- 0/0") != std::string::npos);
}

TEST_CASE("a tool uses its cache that the user opened for writing", "[tools]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string isolation = GENERATE("full", "landlock");
  CAPTURE(caller, isolation);
  const Place place(caller);
  place.make_directory(place.home() / ".cache");
  const fs::path cache = place.make_directory(place.home() / ".cache/go-build");
  const Run ran = place.run_step({"--isolation", isolation, "--rw", "~/.cache/go-build"},
                                 {"sh", "-ec", "echo $GOCACHE; echo kept > $GOCACHE/kept; echo $GOMODCACHE; touch $GOMODCACHE/gone"});
  INFO(ran);
  CHECK(ran.code() == 0);
  CHECK(lines_of(ran.out).at(0) == cache.string());
  CHECK(lines_of(ran.out).at(1).find(place.home().string()) == std::string::npos);
  CHECK(read_file(cache / "kept") == "kept\n");
}

TEST_CASE("a file shown in a tool's home is there even where the tool's home has moved", "[tools]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  place.make_directory(place.home() / ".cargo");
  place.make_file(place.home() / ".cargo/config.toml", "[net]\noffline = true\n");
  const Run ran = place.run_step({"--ro", "~/.cargo/config.toml"},
                                 {"sh", "-c", "cat $CARGO_HOME/config.toml; touch $CARGO_HOME/new && echo x >> $CARGO_HOME/config.toml"});
  INFO(ran);
  CHECK(ran.out == "[net]\noffline = true\n");
  CHECK(ran.err.find("Read-only file system") != std::string::npos);
  CHECK(read_file(place.home() / ".cargo/config.toml") == "[net]\noffline = true\n");
}

TEST_CASE("--home host leaves caches where they are outside", "[tools]") {
  const Caller caller = GENERATE(from_range(callers()));
  const std::string isolation = GENERATE("full", "landlock");
  CAPTURE(caller, isolation);
  const Place place(caller);
  const Run ran = place.run_step({"--isolation", isolation, "--home", "host"},
                                 {"sh", "-ec", "echo \"$HOME ${GOCACHE-} ${XDG_CACHE_HOME-} ${CARGO_HOME-}\"; mkdir -p ~/.cache; echo kept > ~/.cache/kept"});
  INFO(ran);
  CHECK(ran.out == place.home().string() + "   \n");
  CHECK(read_file(place.home() / ".cache/kept") == "kept\n");
}

TEST_CASE("pyenv's hook, which would write into its read-only directory, does not run", "[tools]") {
  const Caller caller = GENERATE(from_range(callers()));
  CAPTURE(caller);
  const Place place(caller);
  fs::path directory = place.home();
  for (const char* name : {".pyenv", "pyenv.d", "exec", "pip-rehash"}) directory = place.make_directory(directory / name);
  place.make_file(directory / "pip", "#!/bin/sh\n", 0755);
  place.make_file(place.home() / ".pyenv/version", "3.11\n");
  const std::vector<std::string> look = {"sh", "-c", "cat $PYENV_ROOT/version; ls -A $PYENV_ROOT/pyenv.d/exec/pip-rehash"};
  const Run covered = place.run_step({}, look);
  INFO(covered);
  CHECK(covered.out == "3.11\n");
  CHECK(covered.code() == 0);
  const Run opened = place.run_step({"--rw", "~/.pyenv"}, look);
  INFO(opened);
  CHECK(opened.out == "3.11\npip\n");
}

}  // namespace stepbox::feature
