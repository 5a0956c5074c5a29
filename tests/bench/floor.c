// The floor: the same namespaces and mounts as stepbox's box, and nothing else. It has no policy, limits, seccomp,
// measuring or report, and handles no failure: it says which call failed and exits. Anything that stepbox costs
// beyond this is stepbox's own.
//
//   floor [--groups] COMMAND [ARG...]
//
// With --groups also the control groups of a limit on memory, processes and processor time: one in each hierarchy,
// where such groups can be made below the caller's own.
//
// Three processes, as in stepbox: this one waits; init makes the box; the step waits for the box.
// As root, the step lives in a user namespace with a shifted range of ids and sees the host's trees
// through id-mapped mounts. Otherwise everything happens in one user namespace that maps the user to itself.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
  kShiftBase = 1879048192,
  kShiftedIds = 65536,
  kCacheFolders = 40,  // about as many as the registry of caches makes
};

// The attributes that stepbox gives these mounts.
#define HOST_ATTRIBUTES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY)
#define KERNEL_ATTRIBUTES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
#define DEVICE_ATTRIBUTES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY)
#define BOX_ATTRIBUTES (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV)

static uid_t user;        // the caller's, on the host
static gid_t group;
static char checkout[4096];
static int root = -1;     // the box's root
static int step_namespace = -1;

static int is_shifted(void) { return user == 0; }

static int must(long result, const char* what) {
  if (result < 0) {
    fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
    _exit(125);
  }
  return (int)result;
}

static void must_write(int directory, const char* path, const char* text) {
  const int fd = must(openat(directory, path, O_WRONLY | O_CLOEXEC), path);
  must(write(fd, text, strlen(text)), path);
  close(fd);
}

// ---- Control groups -------------------------------------------------------------------------------

struct limit {
  const char* controller;
  const char* file;
  const char* unified_file;
  const char* value;
  const char* unified_value;
};

static const struct limit kLimits[] = {
    {"memory", "memory.limit_in_bytes", "memory.max", "1073741824", "1073741824"},
    {"memory", "memory.memsw.limit_in_bytes", "memory.swap.max", "1073741824", "0"},
    {"pids", "pids.max", "pids.max", "1000", "1000"},
    {"cpu", "cpu.cfs_quota_us", "cpu.max", "200000", "200000 100000"},
    {NULL, NULL, NULL, NULL, NULL},
};

struct made_group {
  char path[4096];
  int tasks;
};

static struct made_group groups[3];
static int group_count = 0;

// Opens the group of this name below the caller's own in that controller's hierarchy, and makes it first if it is new.
static int open_group(const char* controller, int* is_unified) {
  char line[4096], own[4096] = "", unified[4096] = "";
  FILE* file = fopen("/proc/self/cgroup", "re");
  while (file != NULL && fgets(line, sizeof line, file) != NULL) {
    char* names = strchr(line, ':') + 1;
    char* path = strchr(names, ':');
    *path++ = '\0';
    path[strcspn(path, "\n")] = '\0';
    if (*names == '\0') snprintf(unified, sizeof unified, "/sys/fs/cgroup%.3000s", path);
    for (char* name = strtok(names, ","); name != NULL; name = strtok(NULL, ","))
      if (strcmp(name, controller) == 0) snprintf(own, sizeof own, "/sys/fs/cgroup/%s%.3000s", controller, path);
  }
  if (file != NULL) fclose(file);
  *is_unified = own[0] == '\0';
  struct made_group* made = &groups[group_count];
  snprintf(made->path, sizeof made->path, "%.3000s/floor-%d", *is_unified ? unified : own, getpid());
  if (mkdir(made->path, 0755) == 0) {
    const int directory = must(open(made->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), made->path);
    made->tasks = must(openat(directory, *is_unified ? "cgroup.procs" : "tasks", O_WRONLY | O_CLOEXEC), "tasks");
    ++group_count;
    return directory;
  }
  if (errno != EEXIST) must(-1, made->path);
  return must(open(made->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC), made->path);
}

static void make_groups(void) {
  for (const struct limit* limit = kLimits; limit->controller != NULL; ++limit) {
    int is_unified = 0;
    const int directory = open_group(limit->controller, &is_unified);
    must_write(directory, is_unified ? limit->unified_file : limit->file, is_unified ? limit->unified_value : limit->value);
    close(directory);
  }
}

static void enter_groups(void) {
  for (int i = 0; i < group_count; ++i) must(write(groups[i].tasks, "0", 1), "tasks");
}

static void remove_groups(void) {
  for (int i = 0; i < group_count; ++i) must(rmdir(groups[i].path), groups[i].path);
}

// ---- Mounts ---------------------------------------------------------------------------------------

// New files belong to the step; init makes mounts with its own ids.
static void act_as(uid_t uid, gid_t gid) {
  if (!is_shifted()) return;
  setfsgid(gid);
  setfsuid(uid);
}

static void directory(const char* path, mode_t mode) {
  if (mkdirat(root, path, mode) < 0 && errno != EEXIST) must(-1, path);
}

static void file(const char* path) { close(must(openat(root, path, O_CREAT | O_WRONLY | O_CLOEXEC, 0444), path)); }

static void attach(int mount, const char* target) {
  must(move_mount(mount, "", root, target, MOVE_MOUNT_F_EMPTY_PATH), target);
  close(mount);
}

static int make_mount(int context, uint64_t attributes) {
  must(fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0), "fsconfig");
  const int mount = must(fsmount(context, FSMOUNT_CLOEXEC, (unsigned)attributes), "fsmount");
  close(context);
  return mount;
}

static int new_mount(const char* type, uint64_t attributes) {
  return make_mount(must(fsopen(type, FSOPEN_CLOEXEC), type), attributes);
}

static int new_tmpfs(const char* size) {
  const int context = must(fsopen("tmpfs", FSOPEN_CLOEXEC), "tmpfs");
  must(fsconfig(context, FSCONFIG_SET_STRING, "size", size, 0), "size");
  must(fsconfig(context, FSCONFIG_SET_STRING, "nr_inodes", "1000000", 0), "nr_inodes");
  if (is_shifted()) {
    char id[16];
    snprintf(id, sizeof id, "%d", kShiftBase);
    must(fsconfig(context, FSCONFIG_SET_STRING, "uid", id, 0), "uid");
    must(fsconfig(context, FSCONFIG_SET_STRING, "gid", id, 0), "gid");
  }
  return make_mount(context, BOX_ATTRIBUTES);
}

// An unprivileged mount namespace may copy inherited mounts only as whole trees (mount_namespaces(7)).
static unsigned recursion(void) { return is_shifted() ? 0 : AT_RECURSIVE; }

// A copy of a host path; with `mapped`, owners appear shifted where the file system can do that.
static void bind(const char* source, const char* target, uint64_t attributes, int mapped) {
  const int mount = must(open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursion()), source);
  struct mount_attr wanted = {.attr_set = attributes};
  if (mapped && is_shifted()) {
    wanted.attr_set |= MOUNT_ATTR_IDMAP;
    wanted.userns_fd = (uint64_t)step_namespace;
    if (mount_setattr(mount, "", AT_EMPTY_PATH, &wanted, sizeof wanted) < 0 && errno != EINVAL) must(-1, source);
    wanted = (struct mount_attr){.attr_set = attributes};
  }
  must(mount_setattr(mount, "", AT_EMPTY_PATH | recursion(), &wanted, sizeof wanted), source);
  attach(mount, target);
}

// Shows a directory of the box at a second place, with the mounts in it.
static void rebind(const char* source, const char* target) {
  attach(must(open_tree(root, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE), source), target);
}

static void host_entry(const struct dirent* entry) {
  static const char* const kOwn[] = {".", "..", "proc", "sys", "dev", "run", "tmp", "box", NULL};
  for (const char* const* own = kOwn; *own != NULL; ++own)
    if (strcmp(*own, entry->d_name) == 0) return;
  char path[512];
  snprintf(path, sizeof path, "/%s", entry->d_name);
  if (entry->d_type == DT_LNK) {
    char text[512];
    const int length = must(readlink(path, text, sizeof text - 1), path);
    text[length] = '\0';
    must(symlinkat(text, root, entry->d_name), path);
  } else if (entry->d_type == DT_DIR) {
    directory(entry->d_name, 0755);
    bind(path, entry->d_name, HOST_ATTRIBUTES, 1);
  }
}

static void make_host_root(void) {
  DIR* host = opendir("/");
  if (host == NULL) must(-1, "/");
  for (const struct dirent* entry; (entry = readdir(host)) != NULL;) host_entry(entry);
  closedir(host);
}

static void make_dev(void) {
  static const char* const kDevices[] = {"null", "zero", "full", "random", "urandom", "tty", NULL};
  directory("dev", 0755);
  for (const char* const* device = kDevices; *device != NULL; ++device) {
    char path[32];
    snprintf(path, sizeof path, "/dev/%s", *device);
    file(path + 1);
    bind(path, path + 1, DEVICE_ATTRIBUTES, 0);
  }
  directory("dev/pts", 0755);
  attach(new_mount("devpts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC), "dev/pts");
  directory("dev/shm", 01777);
  must(symlinkat("pts/ptmx", root, "dev/ptmx"), "dev/ptmx");
  must(symlinkat("/proc/self/fd", root, "dev/fd"), "dev/fd");
}

static void make_workspace(void) {
  static const char* const kFolders[] = {"tmp", "var-tmp", "cache", "home", "out", "run", "shm", NULL};
  directory("box", 0755);
  attach(new_tmpfs("1G"), "box");
  act_as(kShiftBase, kShiftBase);
  char path[64];
  for (const char* const* folder = kFolders; *folder != NULL; ++folder) {
    snprintf(path, sizeof path, "box/%s", *folder);
    directory(path, 0755);
  }
  for (int i = 0; i < kCacheFolders; ++i) {
    snprintf(path, sizeof path, "box/cache/%d", i);
    directory(path, 0755);
  }
  act_as(user, group);
}

// A mask also hides the directories on the way to the checkout, which may have to be made again.
static void make_way(const char* path) {
  char way[sizeof checkout + 16];
  snprintf(way, sizeof way, "%s", path);
  act_as(kShiftBase, kShiftBase);
  for (char* slash = strchr(way, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
    *slash = '\0';
    // Below a read-only copy of the host every directory exists, and making one is refused.
    if (mkdirat(root, way, 0755) < 0 && errno != EEXIST && errno != EROFS) must(-1, way);
    *slash = '/';
  }
  if (mkdirat(root, way, 0755) < 0 && errno != EEXIST && errno != EROFS) must(-1, way);
  act_as(user, group);
}

static void make_masks(void) {
  directory("tmp", 01777);
  directory("run", 0755);
  rebind("box/tmp", "tmp");
  rebind("box/var-tmp", "var/tmp");
  rebind("box/shm", "dev/shm");
  rebind("box/run", "run");
  const char* home = getenv("HOME");
  if (home != NULL && home[0] == '/' && home[1] != '\0' && access(home, F_OK) == 0) {
    make_way(home + 1);
    rebind("box/home", home + 1);
  }
  make_way(checkout + 1);
  bind(checkout, checkout + 1, 0, 1);
}

static void enter_root(void) {
  must(fchdir(root), "fchdir");
  must(syscall(SYS_pivot_root, ".", "."), "pivot_root");
  must(umount2(".", MNT_DETACH), "umount2");
  must(chdir("/"), "chdir");
}

static void make_box(int proc) {
  must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "make mounts private");
  umask(0);
  root = new_tmpfs("1M");
  must(move_mount(root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH), "/");
  make_host_root();
  directory("sys", 0555);
  bind("/sys", "sys", KERNEL_ATTRIBUTES | MOUNT_ATTR_RDONLY, 0);
  make_dev();
  directory("proc", 0555);
  attach(proc, "proc");
  make_workspace();
  make_masks();
  struct mount_attr seal = {.attr_set = HOST_ATTRIBUTES};
  must(mount_setattr(root, "", AT_EMPTY_PATH, &seal, sizeof seal), "seal");
  enter_root();
}

// ---- Processes ------------------------------------------------------------------------------------

static pid_t clone_with(uint64_t flags) {
  struct clone_args arguments = {.flags = flags, .exit_signal = SIGCHLD};
  return must(syscall(SYS_clone3, &arguments, sizeof arguments), "clone3");
}

static int wait_for(pid_t process) {
  int status = 0;
  must(waitpid(process, &status, 0), "waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void map_ids_to_themselves(void) {
  char map[64];
  must_write(AT_FDCWD, "/proc/self/setgroups", "deny");
  snprintf(map, sizeof map, "%u %u 1", user, user);
  must_write(AT_FDCWD, "/proc/self/uid_map", map);
  snprintf(map, sizeof map, "%u %u 1", group, group);
  must_write(AT_FDCWD, "/proc/self/gid_map", map);
}

static void map_ids_of_step(pid_t step, int proc) {
  char path[32];
  char map[64];
  snprintf(map, sizeof map, "0 %d %d", kShiftBase, kShiftedIds);
  snprintf(path, sizeof path, "%d/uid_map", step);
  must_write(proc, path, map);
  snprintf(path, sizeof path, "%d/gid_map", step);
  must_write(proc, path, map);
  snprintf(path, sizeof path, "%d/ns/user", step);
  step_namespace = must(openat(proc, path, O_RDONLY | O_CLOEXEC), path);
}

static void be_step(int go, char** command) {
  char byte;
  // The end of the file instead of the byte means that init has failed.
  if (read(go, &byte, 1) != 1) _exit(125);
  if (is_shifted()) {
    must(setresgid(0, 0, 0), "setresgid");
    must(setresuid(0, 0, 0), "setresuid");
  }
  must(chdir(checkout), checkout);
  execvp(command[0], command);
  must(-1, command[0]);
}

static int be_init(char** command) {
  enter_groups();
  if (!is_shifted()) map_ids_to_themselves();
  const int proc = new_mount("proc", KERNEL_ATTRIBUTES);
  int go[2];
  must(pipe2(go, O_CLOEXEC), "pipe2");
  const pid_t step = clone_with(is_shifted() ? CLONE_NEWUSER : 0);
  if (step == 0) {
    close(go[1]);
    be_step(go[0], command);
  }
  if (is_shifted()) map_ids_of_step(step, proc);
  make_box(proc);
  must(write(go[1], "g", 1), "write");
  return wait_for(step);
}

int main(int count, char** arguments) {
  const int with_groups = count > 1 && strcmp(arguments[1], "--groups") == 0;
  if (count < 2 + with_groups) {
    fprintf(stderr, "usage: floor [--groups] COMMAND [ARG...]\n");
    return 125;
  }
  user = getuid();
  group = getgid();
  if (getcwd(checkout, sizeof checkout) == NULL) must(-1, "getcwd");
  if (with_groups) make_groups();
  const uint64_t flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP;
  const pid_t init = clone_with(flags | (is_shifted() ? 0 : CLONE_NEWUSER));
  if (init == 0) return be_init(arguments + 1 + with_groups);
  const int code = wait_for(init);
  remove_groups();
  return code;
}
