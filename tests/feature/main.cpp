#define CATCH_CONFIG_RUNNER
#include <csignal>
#include <iostream>

#include <catch2/catch.hpp>

#include "support/host.hpp"
#include "support/place.hpp"

int main(int argc, char** argv) {
  // A program that exits before it has read its input must not end the suite.
  std::signal(SIGPIPE, SIG_IGN);
  const int failed = Catch::Session().run(argc, argv);
  stepbox::feature::remove_suite_folder();
  std::cerr << stepbox::feature::skipped_cases() << " skipped for what this host lacks\n";
  return failed;
}
