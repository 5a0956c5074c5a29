#include "sandbox/socket_table.hpp"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <cstring>
#include <vector>

#include "base/text.hpp"

namespace stepbox::sandbox {
namespace {

constexpr std::array<std::string_view, 13> kTcpStates = {
    "",      "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2",    "TIME_WAIT",
    "CLOSE", "CLOSE_WAIT",  "LAST_ACK", "LISTEN",   "CLOSING",   "NEW_SYN_RECV",
};

bool hexadecimal(std::string_view text, uint32_t& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  return error == std::errc() && end == text.data() + text.size();
}

// "0100007F:0050": four-byte words in memory order, then the port as a number. Empty if the text is no address.
std::string address(std::string_view text) {
  const size_t colon = text.find(':');
  uint32_t port = 0;
  if ((colon != 8 && colon != 32) || !hexadecimal(text.substr(colon + 1), port)) return {};
  std::array<uint32_t, 4> words{};
  for (size_t i = 0; i < colon / 8; ++i)
    if (!hexadecimal(text.substr(i * 8, 8), words[i])) return {};
  std::array<char, INET6_ADDRSTRLEN> name{};
  const bool is_v6 = colon == 32;
  if (::inet_ntop(is_v6 ? AF_INET6 : AF_INET, words.data(), name.data(), name.size()) == nullptr) return {};
  return (is_v6 ? "[" + std::string(name.data()) + "]:" : std::string(name.data()) + ":") + std::to_string(port);
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (const std::string_view word : split(line, ' '))
    if (!word.empty()) words.push_back(word);
  return words;
}

void add(SocketNames& names, std::string_view inode, std::string name) {
  names.insert_or_assign("socket:[" + std::string(inode) + "]", std::move(name));
}

// "  sl  local_address rem_address   st tx_queue:rx_queue tr:when retrnsmt   uid  timeout inode ..."
void add_internet(SocketNames& names, std::string_view protocol, std::string_view line) {
  const std::vector<std::string_view> words = words_of(line);
  uint32_t state = 0;
  if (words.size() < 10 || !hexadecimal(words[3], state)) return;
  const std::string local = address(words[1]);
  const std::string peer = address(words[2]);
  if (local.empty() || peer.empty()) return;
  std::string name = std::string(protocol) + " " + local;
  if (!peer.ends_with(":0")) name += " to " + peer;
  if (protocol.starts_with("tcp") && state < kTcpStates.size()) (name += " ") += kTcpStates[state];
  add(names, words[9], std::move(name));
}

// "Num RefCount Protocol Flags Type St Inode [Path]"
void add_unix(SocketNames& names, std::string_view line) {
  const std::vector<std::string_view> words = words_of(line);
  uint32_t type = 0;
  // The first line is the heading.
  if (words.size() < 7 || !hexadecimal(words[4], type)) return;
  std::string name = "unix";
  if (words.size() > 7) name += " " + std::string(line.substr(static_cast<size_t>(words[7].data() - line.data())));
  add(names, words[6], std::move(name));
}

}  // namespace

void add_sockets(SocketNames& names, std::string_view table) {
  const std::vector<std::string_view> lines = split(table, '\n');
  const std::string_view title = lines.front();
  const std::string_view protocol = title.substr(title.rfind('/') + 1);
  for (size_t i = 1; i < lines.size(); ++i) {
    if (protocol == "unix")
      add_unix(names, lines[i]);
    else
      add_internet(names, protocol, lines[i]);
  }
}

}  // namespace stepbox::sandbox
