// The kernel's tables of sockets, /proc/net/tcp and the like (proc(5)). Pure.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace stepbox::sandbox {

// Maps the target of a descriptor, "socket:[4711]", to a description: "tcp 127.0.0.1:80 to 127.0.0.1:4711
// ESTABLISHED".
using SocketNames = std::map<std::string, std::string, std::less<>>;

// `table` begins with a line that names it: "net/tcp". Skips lines that it does not understand.
void add_sockets(SocketNames& names, std::string_view table);

}  // namespace stepbox::sandbox
