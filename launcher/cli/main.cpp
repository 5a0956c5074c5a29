#include "cli/dispatch.hpp"

int main(int argc, char** argv) { return stepbox::cli::dispatch(argc, argv); }
