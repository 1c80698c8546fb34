// SPDX-License-Identifier: Apache-2.0
// Preloaded into a process that logs (LD_PRELOAD). Every call that changes something below
// FAULT_ROOT is written to FAULT_JOURNAL in the order in which the calls took effect, and so is what
// the process writes to its standard output. One call, or some in a row, can be made to fail.
//
//   FAULT_OPS    the operations that are counted, of the letters below
//   FAULT_AT     the first of them that is hit, from 1; 0 for none
//   FAULT_COUNT  how many are hit in a row
//   FAULT_DO     what happens to them: eio, enospc; half: half of the bytes are written, and half is
//                told; kill: SIGKILL before the call; torn: SIGKILL after half of the bytes
//
// A record: u32 length of the rest, u8 operation, i32 errno, u64 inode, u64 offset, u16 + path,
// u16 + second path, data; little-endian.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
  ACKNOWLEDGE = 'A', // a write to standard output
  CREATE = 'C',
  FAULT = 'F', // what follows is hit; the data is its letter
  GET = 'G',   // a read: recorded only where reads are counted, and never what was read
  MAKE_FOLDER = 'M',
  REMOVE_FOLDER = 'D',
  RENAME = 'R',
  SYNC = 'S',
  TRUNCATE = 'T', // the offset is the new size
  UNLINK = 'U',
  WRITE = 'W',
};

enum verdict { PASS, FAIL_IO, FAIL_FULL, HALF, KILL, TORN };

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
static const char *root;
static size_t root_length;
static int journal = -1;
static const char *counted_ops = "";
static long first_hit, hits = 1, counted;
static enum verdict verdict_of_hits;

__attribute__((constructor)) static void begin(void) {
  static const char *const names[] = {"", "eio", "enospc", "half", "kill", "torn"};
  const char *path = getenv("FAULT_JOURNAL"), *what = getenv("FAULT_DO");
  root = getenv("FAULT_ROOT");
  if (!root || !path) return;
  root_length = strlen(root);
  int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND, 0600);
  journal = fcntl(file, F_DUPFD_CLOEXEC, 500); // out of the way of the program's own numbers
  syscall(SYS_close, file);
  if (getenv("FAULT_OPS")) counted_ops = getenv("FAULT_OPS");
  if (getenv("FAULT_AT")) first_hit = atol(getenv("FAULT_AT"));
  if (getenv("FAULT_COUNT")) hits = atol(getenv("FAULT_COUNT"));
  for (int i = 1; what && i <= TORN; i++)
    if (strcmp(what, names[i]) == 0) verdict_of_hits = (enum verdict)i;
}

static int is_watched(const char *path) {
  return journal >= 0 && strncmp(path, root, root_length) == 0 &&
         (path[root_length] == '/' || path[root_length] == 0);
}

// The absolute path of what is given relative to a folder, as far as it is written out.
static const char *resolve(int folder, const char *path, char out[PATH_MAX]) {
  if (path[0] == '/') return path;
  char link[64], base[PATH_MAX];
  snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
  ssize_t length = readlink(link, base, sizeof base - 1);
  if (length < 0) return path;
  base[length] = 0;
  if (snprintf(out, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) return path;
  return out;
}

static int path_of(int fd, char out[PATH_MAX]) {
  char link[64];
  if (journal < 0) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, out, PATH_MAX - 1);
  if (length < 0) return 0;
  out[length] = 0;
  return is_watched(out);
}

static uint64_t inode_of(const char *path) {
  struct stat status;
  return lstat(path, &status) == 0 ? status.st_ino : 0;
}

static uint64_t inode_of_file(int fd) {
  struct stat status;
  return fstat(fd, &status) == 0 ? status.st_ino : 0;
}

static void record(char op, int error, uint64_t inode, uint64_t offset, const char *path,
                   const char *second, const void *data, size_t size) {
  uint8_t head[25];
  uint16_t lengths[2] = {(uint16_t)strlen(path), (uint16_t)strlen(second)};
  uint32_t length = (uint32_t)(sizeof head - 4 + 4 + lengths[0] + lengths[1] + size);
  int32_t code = error;
  memcpy(head, &length, 4);
  head[4] = (uint8_t)op;
  memcpy(head + 5, &code, 4);
  memcpy(head + 9, &inode, 8);
  memcpy(head + 17, &offset, 8);
  struct iovec parts[] = {
      {head, sizeof head},        {&lengths[0], 2},  {(void *)path, lengths[0]},
      {&lengths[1], 2},           {(void *)second, lengths[1]},
      {(void *)data, size},
  };
  if (syscall(SYS_writev, journal, parts, 6) != (long)length + 4) {
    dprintf(2, "the journal of faults cannot be written\n");
    _exit(97);
  }
}

static void end_here(void) {
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

// Counts an operation. KILL does not return.
static enum verdict decide(char op, const char *path) {
  if (first_hit == 0 || !strchr(counted_ops, op)) return PASS;
  counted++;
  if (counted < first_hit || counted >= first_hit + hits) return PASS;
  record(FAULT, 0, 0, 0, path, "", &op, 1);
  if (verdict_of_hits == KILL || (verdict_of_hits == TORN && op != WRITE)) end_here();
  return verdict_of_hits == HALF && op != WRITE ? PASS : verdict_of_hits;
}

static long refuse(enum verdict verdict) {
  errno = verdict == FAIL_FULL ? ENOSPC : EIO;
  return -1;
}

// A call that takes a path and answers with zero.
static long on_path(char op, const char *path, const char *second, long number, long a, long b,
                    long c, long d) {
  pthread_mutex_lock(&one_at_a_time);
  uint64_t inode = inode_of(path);
  enum verdict verdict = decide(op, path);
  long result = verdict == PASS ? syscall(number, a, b, c, d) : refuse(verdict);
  int error = result < 0 ? errno : 0;
  record(op, error, inode, 0, path, second, "", 0);
  pthread_mutex_unlock(&one_at_a_time);
  errno = error;
  return result;
}

static int open_file(int folder, const char *given, int flags, mode_t mode) {
  char buffer[PATH_MAX];
  const char *path = resolve(folder, given, buffer);
  if (!is_watched(path) || !(flags & (O_CREAT | O_TRUNC)))
    return (int)syscall(SYS_openat, folder, given, flags, mode);
  pthread_mutex_lock(&one_at_a_time);
  int exists = access(path, F_OK) == 0;
  char op = exists ? TRUNCATE : CREATE;
  int changes = exists ? (flags & O_TRUNC) != 0 : (flags & O_CREAT) != 0;
  enum verdict verdict = changes ? decide(op, path) : PASS;
  long fd = verdict == PASS ? syscall(SYS_openat, folder, given, flags, mode) : refuse(verdict);
  int error = fd < 0 ? errno : 0;
  if (changes) record(op, error, fd < 0 ? 0 : inode_of_file((int)fd), 0, path, "", "", 0);
  pthread_mutex_unlock(&one_at_a_time);
  errno = error;
  return (int)fd;
}

#define MODE_OF(flags)                     \
  mode_t mode = 0;                         \
  if ((flags) & (O_CREAT | O_TMPFILE)) {   \
    va_list rest;                          \
    va_start(rest, flags);                 \
    mode = va_arg(rest, mode_t);           \
    va_end(rest);                          \
  }

int open(const char *path, int flags, ...) {
  MODE_OF(flags)
  return open_file(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  MODE_OF(flags)
  return open_file(AT_FDCWD, path, flags | O_LARGEFILE, mode);
}

int openat(int folder, const char *path, int flags, ...) {
  MODE_OF(flags)
  return open_file(folder, path, flags, mode);
}

// Bytes in one piece; `at` is -1 for the file's own position.
static ssize_t write_bytes(int fd, const void *bytes, size_t size, off64_t at) {
  char path[PATH_MAX] = "";
  int is_told = fd == STDOUT_FILENO && journal >= 0;
  if (!is_told && !path_of(fd, path))
    return at < 0 ? syscall(SYS_write, fd, bytes, size)
                  : syscall(SYS_pwrite64, fd, bytes, size, at);
  pthread_mutex_lock(&one_at_a_time);
  enum verdict verdict = is_told ? PASS : decide(WRITE, path);
  if (verdict == HALF || verdict == TORN) size = size > 1 ? size / 2 : size;
  off64_t from = at >= 0 ? at : is_told ? 0 : lseek64(fd, 0, SEEK_CUR);
  ssize_t done;
  if (verdict == FAIL_IO || verdict == FAIL_FULL) done = refuse(verdict);
  else if (at < 0) done = syscall(SYS_write, fd, bytes, size);
  else done = syscall(SYS_pwrite64, fd, bytes, size, at);
  int error = done < 0 ? errno : 0;
  record(is_told ? ACKNOWLEDGE : WRITE, error, is_told ? 0 : inode_of_file(fd), (uint64_t)from, path,
         "", bytes, done < 0 ? 0 : (size_t)done);
  if (verdict == TORN) end_here();
  pthread_mutex_unlock(&one_at_a_time);
  errno = error;
  return done;
}

static ssize_t write_parts(int fd, const struct iovec *parts, int count, off64_t at) {
  size_t size = 0, filled = 0;
  for (int i = 0; i < count; i++) size += parts[i].iov_len;
  char *bytes = malloc(size + 1);
  if (!bytes) return refuse(FAIL_IO);
  for (int i = 0; i < count; i++) {
    memcpy(bytes + filled, parts[i].iov_base, parts[i].iov_len);
    filled += parts[i].iov_len;
  }
  ssize_t done = write_bytes(fd, bytes, size, at);
  int error = errno;
  free(bytes);
  errno = error;
  return done;
}

ssize_t write(int fd, const void *bytes, size_t size) { return write_bytes(fd, bytes, size, -1); }

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
  return write_bytes(fd, bytes, size, at);
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
  return write_bytes(fd, bytes, size, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  char path[PATH_MAX];
  if (fd != STDOUT_FILENO && !path_of(fd, path)) return syscall(SYS_writev, fd, parts, count);
  return write_parts(fd, parts, count, -1);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
  return write_parts(fd, parts, count, at);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
  return write_parts(fd, parts, count, at);
}

static int on_file(char op, int fd, long number, off64_t size) {
  char path[PATH_MAX];
  if (!path_of(fd, path)) return (int)syscall(number, fd, size);
  pthread_mutex_lock(&one_at_a_time);
  enum verdict verdict = decide(op, path);
  long result = verdict == PASS ? syscall(number, fd, size) : refuse(verdict);
  int error = result < 0 ? errno : 0;
  record(op, error, inode_of_file(fd), (uint64_t)size, path, "", "", 0);
  pthread_mutex_unlock(&one_at_a_time);
  errno = error;
  return (int)result;
}

int fsync(int fd) { return on_file(SYNC, fd, SYS_fsync, 0); }
int fdatasync(int fd) { return on_file(SYNC, fd, SYS_fdatasync, 0); }
int ftruncate(int fd, off_t size) { return on_file(TRUNCATE, fd, SYS_ftruncate, size); }
int ftruncate64(int fd, off64_t size) { return on_file(TRUNCATE, fd, SYS_ftruncate, size); }

static int may_read(int fd) {
  char path[PATH_MAX];
  if (!strchr(counted_ops, GET) || !path_of(fd, path)) return 1;
  pthread_mutex_lock(&one_at_a_time);
  enum verdict verdict = decide(GET, path);
  record(GET, verdict == PASS ? 0 : EIO, 0, 0, path, "", "", 0);
  pthread_mutex_unlock(&one_at_a_time);
  return verdict == PASS;
}

ssize_t read(int fd, void *bytes, size_t size) {
  return may_read(fd) ? syscall(SYS_read, fd, bytes, size) : refuse(FAIL_IO);
}

ssize_t pread64(int fd, void *bytes, size_t size, off64_t at) {
  return may_read(fd) ? syscall(SYS_pread64, fd, bytes, size, at) : refuse(FAIL_IO);
}

int rename(const char *from, const char *to) {
  char a[PATH_MAX], b[PATH_MAX];
  const char *source = resolve(AT_FDCWD, from, a), *target = resolve(AT_FDCWD, to, b);
  if (!is_watched(source) && !is_watched(target))
    return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
  return (int)on_path(RENAME, source, target, SYS_renameat, AT_FDCWD, (long)from, AT_FDCWD, (long)to);
}

int unlinkat(int folder, const char *given, int flags) {
  char buffer[PATH_MAX];
  const char *path = resolve(folder, given, buffer);
  if (!is_watched(path)) return (int)syscall(SYS_unlinkat, folder, given, flags);
  char op = flags & AT_REMOVEDIR ? REMOVE_FOLDER : UNLINK;
  return (int)on_path(op, path, "", SYS_unlinkat, folder, (long)given, flags, 0);
}

int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

int remove(const char *path) {
  struct stat status;
  int is_folder = lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
  return unlinkat(AT_FDCWD, path, is_folder ? AT_REMOVEDIR : 0);
}

int mkdir(const char *given, mode_t mode) {
  char buffer[PATH_MAX];
  const char *path = resolve(AT_FDCWD, given, buffer);
  if (!is_watched(path)) return (int)syscall(SYS_mkdirat, AT_FDCWD, given, mode);
  return (int)on_path(MAKE_FOLDER, path, "", SYS_mkdirat, AT_FDCWD, (long)given, mode, 0);
}
