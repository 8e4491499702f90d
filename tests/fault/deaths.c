#include "fault/deaths.h"
#include "fault/faults.h"
#include "unit/unit.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILES_MAX   64
#define NAMES_MAX   16
#define CHANGED_MAX 6 /* names between two syncs of the folder */
#define PATH_BYTES  512
#define CHANGES                                                                                    \
    (FAULTS_BIT(FAULTS_MAKE) | FAULTS_BIT(FAULTS_WRITE) | FAULTS_BIT(FAULTS_SIZE) |                \
        FAULTS_BIT(FAULTS_SYNC) | FAULTS_BIT(FAULTS_NAME))

/* A file that had a name in the folder, or may get one; it stays open, so that its number is nobody else's. */
struct file {
    ino_t inode;
    int fd;
    uint8_t *durable; /* what it had when it was last synced */
    size_t n_durable;
};

struct name {
    char text[256];
    int then, now; /* file's index, -1: none */
};

static struct file files[FILES_MAX];
static int n_files;
static struct name names[NAMES_MAX];
static int n_names;
static const char *watched;
static dev_t device;
static ino_t watched_inode;
static unsigned n_copies;

static uint8_t *read_whole(int fd, size_t *n_out)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        _exit(20);
    uint8_t *bytes = malloc((size_t)info.st_size + 1);
    *n_out = (size_t)info.st_size;
    if (!bytes || pread(fd, bytes, *n_out, 0) != info.st_size)
        _exit(21);
    return bytes;
}

static int find_file(ino_t inode)
{
    for (int i = 0; i < n_files; i++)
        if (files[i].inode == inode)
            return i;
    return -1;
}

/* To read it later, whatever it was opened for. Never closed: that would end this process's locks on it. */
static int add_file(int fd)
{
    char path[64];
    struct stat info;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_dev != device)
        return -1;
    const int known = find_file(info.st_ino);
    if (known >= 0 || n_files == FILES_MAX)
        return known;
    faults_opened = NULL;
    files[n_files] = (struct file){.inode = info.st_ino, .fd = open(path, O_RDONLY | O_CLOEXEC)};
    return n_files++;
}

static void see_opened(int fd)
{
    void (*const was)(int) = faults_opened;
    const int before = n_files;
    const int i = add_file(fd);
    faults_opened = was;
    if (i == before && i >= 0 && files[i].fd < 0)
        _exit(22);
}

static struct name *find_name(const char *text)
{
    for (int i = 0; i < n_names; i++)
        if (strcmp(names[i].text, text) == 0)
            return &names[i];
    if (n_names == NAMES_MAX)
        _exit(23);
    snprintf(names[n_names].text, sizeof names[n_names].text, "%s", text);
    names[n_names].then = names[n_names].now = -1;
    return &names[n_names++];
}

static void look_at_names(void)
{
    DIR *folder = opendir(watched);
    struct stat info;
    for (int i = 0; i < n_names; i++)
        names[i].now = -1;
    for (const struct dirent *entry = folder ? readdir(folder) : NULL; entry;
         entry = readdir(folder))
        if (fstatat(dirfd(folder), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(info.st_mode))
            find_name(entry->d_name)->now = find_file(info.st_ino);
    if (folder)
        closedir(folder);
}

static void see_synced(int fd)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return;
    if (S_ISDIR(info.st_mode) && info.st_ino == watched_inode) {
        look_at_names();
        for (int i = 0; i < n_names; i++)
            names[i].then = names[i].now;
    }
    const int i = S_ISREG(info.st_mode) ? find_file(info.st_ino) : -1;
    if (i >= 0) {
        free(files[i].durable);
        files[i].durable = read_whole(files[i].fd, &files[i].n_durable);
    }
}

static void path_beside(const char *folder, const char *name, char path_out[PATH_BYTES])
{
    snprintf(path_out, PATH_BYTES, "%s.%s", folder, name);
}

static void write_whole(const char *folder, const char *name, const uint8_t *bytes, size_t n_bytes)
{
    char path[PATH_BYTES];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, bytes, n_bytes) != (ssize_t)n_bytes)
        _exit(24);
    close(fd);
}

static bool ends_with(const char *text, const char *ending)
{
    const size_t n = strlen(text), n_ending = strlen(ending);
    return n >= n_ending && strcmp(text + n - n_ending, ending) == 0;
}

/* One way in which it may be found: which names are the new ones, and whether of the files what was synced. */
static void leave_copy(unsigned number, uint32_t new_names, bool is_power, bool is_synced)
{
    char folder[PATH_BYTES], ending[16];
    snprintf(ending, sizeof ending, "copy%u", number);
    path_beside(watched, ending, folder);
    if (mkdir(folder, 0700) != 0)
        _exit(25);
    for (int i = 0; i < n_names; i++) {
        const int at = new_names >> i & 1 ? names[i].now : names[i].then;
        if (at < 0 || (is_power && ends_with(names[i].text, "-shm")))
            continue;
        if (is_synced) {
            write_whole(folder, names[i].text, files[at].durable, files[at].n_durable);
        } else {
            size_t n_bytes = 0;
            uint8_t *bytes = read_whole(files[at].fd, &n_bytes);
            write_whole(folder, names[i].text, bytes, n_bytes);
            free(bytes);
        }
    }
}

static void see_dying(void)
{
    int changed[CHANGED_MAX], n_changed = 0;
    uint32_t same = 0;
    unsigned n = 0;
    faults_opened = NULL;
    look_at_names();
    for (int i = 0; i < n_names; i++) {
        if (names[i].then == names[i].now || ends_with(names[i].text, "-shm"))
            same |= 1u << i;
        else if (n_changed == CHANGED_MAX)
            _exit(26);
        else
            changed[n_changed++] = i;
    }
    leave_copy(n++, UINT32_MAX, false, false);
    for (uint32_t subset = 0; subset < 1u << n_changed; subset++) {
        uint32_t new_names = same;
        for (int i = 0; i < n_changed; i++)
            new_names |= (subset >> i & 1) << changed[i];
        leave_copy(n++, new_names, true, false);
        leave_copy(n++, new_names, true, true);
    }
}

static void watch(const char *folder)
{
    struct stat info;
    watched = folder;
    n_files = n_names = 0;
    if (stat(folder, &info) != 0)
        _exit(27);
    device = info.st_dev;
    watched_inode = info.st_ino;
    DIR *all = opendir(folder);
    for (const struct dirent *entry = all ? readdir(all) : NULL; entry; entry = readdir(all)) {
        const int fd = openat(dirfd(all), entry->d_name, O_RDONLY | O_CLOEXEC);
        const int i = add_file(fd);
        if (i >= 0)
            files[i].durable = read_whole(files[i].fd, &files[i].n_durable);
        close(fd);
    }
    closedir(all);
    look_at_names();
    for (int i = 0; i < n_names; i++)
        names[i].then = names[i].now;
    faults_opened = see_opened;
    faults_synced = see_synced;
    faults_dying = see_dying;
}

static void remove_folder(const char *folder)
{
    DIR *all = opendir(folder);
    for (const struct dirent *entry = all ? readdir(all) : NULL; entry; entry = readdir(all))
        (void)unlinkat(dirfd(all), entry->d_name, 0);
    if (all)
        closedir(all);
    rmdir(folder);
}

static void copy_folder(const char *from, const char *to)
{
    DIR *all = opendir(from);
    ck_assert_ptr_nonnull(all);
    remove_folder(to);
    ck_assert_int_eq(mkdir(to, 0700), 0);
    for (const struct dirent *entry = readdir(all); entry; entry = readdir(all)) {
        const int fd = openat(dirfd(all), entry->d_name, O_RDONLY);
        struct stat info;
        if (fd >= 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) {
            size_t n_bytes = 0;
            uint8_t *bytes = read_whole(fd, &n_bytes);
            write_whole(to, entry->d_name, bytes, n_bytes);
            free(bytes);
        }
        close(fd);
    }
    closedir(all);
}

bool deaths_at(const char *folder, uint64_t n, bool (*work)(void *user), void *user)
{
    const struct faults_plan plan = {.kinds = CHANGES, .way = FAULTS_DIE, .n = n};
    char copy[PATH_BYTES], ending[16];
    int status = 0;
    for (unsigned i = 0; i < n_copies; i++) {
        snprintf(ending, sizeof ending, "copy%u", i);
        path_beside(folder, ending, copy);
        remove_folder(copy);
    }
    n_copies = 0;
    const pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        watch(folder);
        faults_begin();
        faults_arm(&plan);
        _exit(work(user) ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0,
        "change %llu: status %x", (unsigned long long)n, (unsigned)status);
    for (; WIFSIGNALED(status); n_copies++) {
        snprintf(ending, sizeof ending, "copy%u", n_copies);
        path_beside(folder, ending, copy);
        if (access(copy, F_OK) != 0)
            break;
    }
    ck_assert(!WIFSIGNALED(status) || n_copies > 0);
    return WIFSIGNALED(status);
}

unsigned deaths_n(void)
{
    return n_copies;
}

void deaths_become(const char *folder, unsigned i)
{
    char ending[16];
    snprintf(ending, sizeof ending, "copy%u", i);
    deaths_put_back(folder, ending);
}

void deaths_keep(const char *folder, const char *name)
{
    char copy[PATH_BYTES];
    path_beside(folder, name, copy);
    copy_folder(folder, copy);
}

void deaths_put_back(const char *folder, const char *name)
{
    char copy[PATH_BYTES];
    path_beside(folder, name, copy);
    copy_folder(copy, folder);
}

void deaths_forget(const char *folder)
{
    char path[PATH_BYTES], parent[PATH_BYTES];
    snprintf(parent, sizeof parent, "%s", folder);
    *strrchr(parent, '/') = '\0';
    const char *own = folder + strlen(parent) + 1;
    DIR *all = opendir(parent);
    for (const struct dirent *entry = all ? readdir(all) : NULL; entry; entry = readdir(all))
        if (strncmp(entry->d_name, own, strlen(own)) == 0 && entry->d_name[strlen(own)] == '.') {
            snprintf(path, sizeof path, "%.200s/%.255s", parent, entry->d_name);
            remove_folder(path);
        }
    if (all)
        closedir(all);
}

uint8_t *deaths_read(const char *path, size_t *n_bytes_out)
{
    FILE *file = fopen(path, "rb");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(fseek(file, 0, SEEK_END), 0);
    const long n = ftell(file);
    uint8_t *bytes = malloc((size_t)n + 1);
    ck_assert(bytes && fseek(file, 0, SEEK_SET) == 0);
    ck_assert_uint_eq(fread(bytes, 1, (size_t)n, file), (size_t)n);
    fclose(file);
    *n_bytes_out = (size_t)n;
    return bytes;
}
