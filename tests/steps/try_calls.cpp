// try_calls PROFILE: makes each system call that the seccomp profile names, natively and, on x86, by the 32-bit entry,
// with arguments that would do nothing if it were allowed. "CALL ENTRY ANSWER" for each.
#include <fcntl.h>
#include <linux/sched.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

// Calls that this architecture lacks cannot be tried here.
#define NONE (-1)
#ifndef SYS_chmod
#define SYS_chmod NONE
#define SYS_creat NONE
#define SYS_mknod NONE
#define SYS_open NONE
#endif
#ifndef SYS_iopl
#define SYS_iopl NONE
#define SYS_ioperm NONE
#define SYS_modify_ldt NONE
#endif
#ifndef SYS_lookup_dcookie
#define SYS_lookup_dcookie NONE
#endif

namespace {

constexpr long kFchmodat2 = 452;
constexpr long kSetxattrat = 463;
constexpr long kOpenTreeAttr = 467;
constexpr long kBad = -1;               // not a descriptor
constexpr long kNobody = 4194303;       // not a process: beyond every possible pid
constexpr long kNoClass = 7 << 13;      // for ioprio_set(2)
constexpr long kTemporary = 020000000;  // O_TMPFILE without O_DIRECTORY

struct Attempt {
  const char* profile;
  const char* call;
  long native;
  long i386;
  long arguments[5];
};

constexpr Attempt kAttempts[] = {
    {"default", "ioctl", SYS_ioctl, 54, {kBad, TIOCSTI}},
    {"default", "ioctl", SYS_ioctl, 54, {kBad, TIOCLINUX}},
    {"default", "ioctl", SYS_ioctl, 54, {kBad, TIOCSETD}},
    {"default", "io_uring_setup", SYS_io_uring_setup, 425, {}},
    {"default", "io_uring_enter", SYS_io_uring_enter, 426, {kBad}},
    {"default", "io_uring_register", SYS_io_uring_register, 427, {kBad}},
    {"default", "add_key", SYS_add_key, 286, {}},
    {"default", "request_key", SYS_request_key, 287, {}},
    {"default", "keyctl", SYS_keyctl, 288, {99}},
    {"default", "init_module", SYS_init_module, 128, {}},
    {"default", "finit_module", SYS_finit_module, 350, {kBad}},
    {"default", "delete_module", SYS_delete_module, 129, {}},
    {"default", "kexec_load", SYS_kexec_load, 283, {0, 99}},
    {"default", "kexec_file_load", SYS_kexec_file_load, NONE, {kBad, kBad}},
    {"default", "reboot", SYS_reboot, 88, {}},
    {"default", "swapon", SYS_swapon, 87, {}},
    {"default", "swapoff", SYS_swapoff, 115, {}},
    {"default", "settimeofday", SYS_settimeofday, 79, {1, 1}},
    {"default", "clock_settime", SYS_clock_settime, 264, {99}},
    {"default", "clock_settime64", NONE, 404, {99}},
    {"default", "stime", NONE, 25, {}},
    {"default", "acct", SYS_acct, 51, {1}},
    {"default", "quotactl", SYS_quotactl, 131, {kBad}},
    {"default", "quotactl_fd", SYS_quotactl_fd, 443, {kBad}},
    {"default", "vhangup", SYS_vhangup, 111, {}},
    {"default", "iopl", SYS_iopl, 110, {99}},
    {"default", "ioperm", SYS_ioperm, 101, {1 << 20, 1, 1}},
    {"default", "lookup_dcookie", SYS_lookup_dcookie, 253, {}},
    {"default", "setxattr", SYS_setxattr, 226, {}},
    {"default", "lsetxattr", SYS_lsetxattr, 227, {}},
    {"default", "fsetxattr", SYS_fsetxattr, 228, {kBad}},
    {"default", "setxattrat", kSetxattrat, kSetxattrat, {kBad}},
    {"default", "syslog", SYS_syslog, 103, {99}},
    {"default", "open_by_handle_at", SYS_open_by_handle_at, 342, {kBad}},
    {"default", "bpf", SYS_bpf, 357, {99}},
    {"default", "socket", SYS_socket, 359, {AF_AX25, 99}},
    {"default", "socket", SYS_socket, 359, {AF_ALG, 99}},
    {"default", "socket", SYS_socket, 359, {AF_VSOCK, 99}},
    {"default", "socket", SYS_socket, 359, {AF_MCTP, 99}},
    {"default", "socketpair", SYS_socketpair, 360, {AF_CAN, 99}},
    {"default", "prlimit64", SYS_prlimit64, 340, {1, 99}},
    {"default", "sched_setscheduler", SYS_sched_setscheduler, 156, {1, 99}},
    {"default", "sched_setparam", SYS_sched_setparam, 154, {1}},
    {"default", "sched_setattr", SYS_sched_setattr, 351, {1}},
    {"default", "sched_setaffinity", SYS_sched_setaffinity, 241, {1}},
    {"default", "setpriority", SYS_setpriority, 97, {PRIO_PROCESS, 1}},
    {"default", "setpriority", SYS_setpriority, 97, {PRIO_USER, kNobody}},
    {"default", "ioprio_set", SYS_ioprio_set, 289, {1, 1, kNoClass}},
    {"default", "ioprio_set", SYS_ioprio_set, 289, {3, kNobody, kNoClass}},
    {"default", "sync", SYS_sync, 36, {}},
    {"default", "syncfs", SYS_syncfs, 344, {kBad}},

    // A bit that unshare does not know, and a thread without shared signals, make both fail even where allowed.
    {"strict", "unshare", SYS_unshare, 310, {CLONE_NEWUSER | 1}},
    {"strict", "unshare", SYS_unshare, 310, {CLONE_NEWNS | 1}},
    {"strict", "unshare", SYS_unshare, 310, {CLONE_NEWPID | 1}},
    {"strict", "unshare", SYS_unshare, 310, {CLONE_NEWNET | 1}},
    {"strict", "unshare", SYS_unshare, 310, {CLONE_NEWIPC | 1}},
    {"strict", "unshare", SYS_unshare, 310, {CLONE_NEWUTS | 1}},
    {"strict", "unshare", SYS_unshare, 310, {CLONE_NEWCGROUP | 1}},
    {"strict", "unshare", SYS_unshare, 310, {CLONE_NEWTIME | 1}},
    {"strict", "clone", SYS_clone, 120, {CLONE_NEWUSER | CLONE_THREAD}},
    {"strict", "clone", SYS_clone, 120, {CLONE_NEWNS | CLONE_THREAD}},
    {"strict", "clone", SYS_clone, 120, {CLONE_NEWPID | CLONE_THREAD}},
    {"strict", "clone", SYS_clone, 120, {CLONE_NEWNET | CLONE_THREAD}},
    {"strict", "clone", SYS_clone, 120, {CLONE_NEWIPC | CLONE_THREAD}},
    {"strict", "clone", SYS_clone, 120, {CLONE_NEWUTS | CLONE_THREAD}},
    {"strict", "clone", SYS_clone, 120, {CLONE_NEWCGROUP | CLONE_THREAD}},
    {"strict", "clone3", SYS_clone3, 435, {}},
    {"strict", "setns", SYS_setns, 346, {kBad}},
    {"strict", "mount", SYS_mount, 21, {}},
    {"strict", "umount", NONE, 22, {}},
    {"strict", "umount2", SYS_umount2, 52, {}},
    {"strict", "pivot_root", SYS_pivot_root, 217, {}},
    {"strict", "fsopen", SYS_fsopen, 430, {}},
    {"strict", "fsconfig", SYS_fsconfig, 431, {kBad}},
    {"strict", "fsmount", SYS_fsmount, 432, {kBad}},
    {"strict", "fspick", SYS_fspick, 433, {kBad}},
    {"strict", "move_mount", SYS_move_mount, 429, {kBad, 0, kBad}},
    {"strict", "open_tree", SYS_open_tree, 428, {kBad}},
    {"strict", "open_tree_attr", kOpenTreeAttr, kOpenTreeAttr, {kBad}},
    {"strict", "mount_setattr", SYS_mount_setattr, 442, {kBad}},
    {"strict", "ptrace", SYS_ptrace, 26, {PTRACE_ATTACH, kNobody}},
    {"strict", "ptrace", SYS_ptrace, 26, {PTRACE_SEIZE, kNobody}},
    {"strict", "process_vm_readv", SYS_process_vm_readv, 347, {kNobody}},
    {"strict", "process_vm_writev", SYS_process_vm_writev, 348, {kNobody}},
    {"strict", "pidfd_getfd", SYS_pidfd_getfd, 438, {kBad}},
    {"strict", "kcmp", SYS_kcmp, 349, {kNobody, kNobody}},
    {"strict", "userfaultfd", SYS_userfaultfd, 374, {0x100}},
    {"strict", "perf_event_open", SYS_perf_event_open, 336, {}},
    {"strict", "modify_ldt", SYS_modify_ldt, 123, {99}},
    {"strict", "socketcall", NONE, 102, {1}},
    {"strict", "chmod", SYS_chmod, 15, {0, S_ISUID | 0755}},
    {"strict", "fchmod", SYS_fchmod, 94, {kBad, S_ISUID | 0755}},
    {"strict", "fchmodat", SYS_fchmodat, 306, {kBad, 0, S_ISUID | 0755}},
    {"strict", "fchmodat2", kFchmodat2, kFchmodat2, {kBad, 0, 0755}},
    {"strict", "openat2", SYS_openat2, 437, {kBad}},
    {"strict", "creat", SYS_creat, 8, {0, S_ISUID | 0755}},
    {"strict", "mknod", SYS_mknod, 14, {0, S_IFREG | S_ISUID | 0755}},
    {"strict", "mknodat", SYS_mknodat, 297, {kBad, 0, S_IFREG | S_ISUID | 0755}},
    {"strict", "open", SYS_open, 5, {0, O_WRONLY | O_CREAT, S_ISUID | 0755}},
    {"strict", "open", SYS_open, 5, {0, O_WRONLY | kTemporary, S_ISUID | 0755}},
    {"strict", "openat", SYS_openat, 295, {kBad, 0, O_WRONLY | O_CREAT, S_ISUID | 0755}},
    {"strict", "openat", SYS_openat, 295, {kBad, 0, O_WRONLY | kTemporary, S_ISUID | 0755}},
};

// The kernel's answer: below zero it is a negated errno.
const char* word_of(long result) {
  return result >= 0 ? "OK" : ::strerrorname_np(static_cast<int>(-result));
}

long native(const Attempt& attempt) {
  const long(&a)[5] = attempt.arguments;
  const long result = ::syscall(attempt.native, a[0], a[1], a[2], a[3], a[4]);
  return result < 0 ? -errno : result;
}

#if defined(__x86_64__)
long by_32_bit_entry(const Attempt& attempt) {
  const long(&a)[5] = attempt.arguments;
  int result = 0;
  asm volatile("int $0x80"
               : "=a"(result)
               : "a"(static_cast<int>(attempt.i386)), "b"(a[0]), "c"(a[1]), "d"(a[2]), "S"(a[3]), "D"(a[4])
               : "memory", "r8", "r9", "r10", "r11");
  return result;
}

// Where the kernel runs no 32-bit programs, the 32-bit entry faults.
bool has_32_bit_entry() {
  const pid_t child = ::fork();
  if (child == 0) {
    by_32_bit_entry({nullptr, nullptr, NONE, 20 /* getpid */, {}});
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status);
}
#endif

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  for (const Attempt& attempt : kAttempts)
    if (attempt.native != NONE && std::string_view(argv[1]) == attempt.profile)
      std::printf("%s native %s\n", attempt.call, word_of(native(attempt)));
#if defined(__x86_64__)
  if (!has_32_bit_entry()) return 0;
  for (const Attempt& attempt : kAttempts) {
    if (attempt.i386 == NONE || std::string_view(argv[1]) != attempt.profile) continue;
    std::printf("%s i386 %s\n", attempt.call, word_of(by_32_bit_entry(attempt)));
  }
#endif
  return 0;
}
