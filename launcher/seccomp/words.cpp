#include "seccomp/words.hpp"

#include <fcntl.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace stepbox::seccomp {
namespace {

#define WORD(name) \
  { #name, static_cast < uint32_t>(name) }

constexpr SeccompWord kArguments[] = {
    WORD(TIOCSTI),
    WORD(TIOCLINUX),
    WORD(TIOCSETD),
    WORD(TIOCCONS),

    WORD(CLONE_NEWUSER),
    WORD(CLONE_NEWNS),
    WORD(CLONE_NEWPID),
    WORD(CLONE_NEWNET),
    WORD(CLONE_NEWIPC),
    WORD(CLONE_NEWUTS),
    WORD(CLONE_NEWCGROUP),
    WORD(CLONE_NEWTIME),

    WORD(AF_UNIX),
    WORD(AF_INET),
    WORD(AF_INET6),
    WORD(AF_NETLINK),
    WORD(AF_PACKET),
    WORD(AF_AX25),
    WORD(AF_IPX),
    WORD(AF_APPLETALK),
    WORD(AF_NETROM),
    WORD(AF_ATMPVC),
    WORD(AF_X25),
    WORD(AF_ROSE),
    WORD(AF_KEY),
    WORD(AF_ATMSVC),
    WORD(AF_RDS),
    WORD(AF_PPPOX),
    WORD(AF_LLC),
    WORD(AF_IB),
    WORD(AF_MPLS),
    WORD(AF_CAN),
    WORD(AF_TIPC),
    WORD(AF_BLUETOOTH),
    WORD(AF_IUCV),
    WORD(AF_RXRPC),
    WORD(AF_ISDN),
    WORD(AF_PHONET),
    WORD(AF_IEEE802154),
    WORD(AF_CAIF),
    WORD(AF_ALG),
    WORD(AF_NFC),
    WORD(AF_VSOCK),
    WORD(AF_KCM),
    WORD(AF_QIPCRTR),
    WORD(AF_SMC),
    WORD(AF_XDP),
    WORD(AF_MCTP),

    WORD(PTRACE_ATTACH),
    WORD(PTRACE_SEIZE),
    WORD(PTRACE_TRACEME),

    WORD(PRIO_PROCESS),
    WORD(PRIO_PGRP),
    WORD(PRIO_USER),
    WORD(IOPRIO_WHO_PROCESS),
    WORD(IOPRIO_WHO_PGRP),
    WORD(IOPRIO_WHO_USER),

    WORD(S_ISUID),
    WORD(S_ISGID),
    WORD(O_CREAT),
    // libc's O_TMPFILE contains O_DIRECTORY, whose bit differs between architectures.
    {"O_TMPFILE", static_cast<uint32_t>(O_TMPFILE & ~O_DIRECTORY)},
};

#undef WORD

constexpr SeccompWord kNewerCalls[] = {{"fchmodat2", 452}, {"setxattrat", 463}, {"open_tree_attr", 467}};

constexpr int kMostErrno = 133;  // EHWPOISON, the last one of Linux

const SeccompWord* find(std::span<const SeccompWord> words, std::string_view text) {
  const auto found = std::ranges::find(words, text, &SeccompWord::word);
  return found == words.end() ? nullptr : &*found;
}

}  // namespace

std::span<const SeccompWord> argument_words() {
  return kArguments;
}

std::optional<uint32_t> argument_number(std::string_view text) {
  if (const SeccompWord* word = find(kArguments, text)) return word->number;
  const bool is_hex = text.starts_with("0x");
  if (is_hex) text.remove_prefix(2);
  uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, is_hex ? 16 : 10);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return number;
}

std::optional<uint32_t> answer_number(std::string_view text) {
  if (text == "kill") return SECCOMP_RET_KILL_PROCESS;
  if (text == "success") return SECCOMP_RET_ERRNO;
  for (int number = 1; number <= kMostErrno; ++number)
    if (const char* name = ::strerrorname_np(number); name != nullptr && text == name)
      return SECCOMP_RET_ERRNO | static_cast<uint32_t>(number);
  return {};
}

std::optional<uint32_t> newer_call(std::string_view name) {
  const SeccompWord* call = find(kNewerCalls, name);
  if (call == nullptr) return {};
  return call->number;
}

std::string_view name_of_newer_call(uint32_t number) {
  const auto* call = std::ranges::find(kNewerCalls, number, &SeccompWord::number);
  return call == std::end(kNewerCalls) ? std::string_view() : call->word;
}

}  // namespace stepbox::seccomp
