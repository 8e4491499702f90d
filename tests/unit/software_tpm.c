#include "software_tpm.h"
#include "unit.h"
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* When a connection breaks at its beginning, tpm2-tss 3.2 forgets the socket's name: 29 bytes. It is told apart
 * by its module, which has to stay loaded for that. */
#ifdef __SANITIZE_ADDRESS__
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libtss2-tcti";
}
#endif

static bool answers(const software_tpm *tpm)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/s.ctrl", tpm->folder);
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    const bool is_there = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return is_there;
}

void software_tpm_on(software_tpm *tpm)
{
    char state[96], server[96], control[96];
    snprintf(state, sizeof state, "dir=%s", tpm->folder);
    snprintf(server, sizeof server, "type=unixio,path=%s/s", tpm->folder);
    snprintf(control, sizeof control, "type=unixio,path=%s/s.ctrl", tpm->folder);
    const pid_t parent = getpid();
    tpm->process = fork();
    ck_assert_int_ge(tpm->process, 0);
    if (tpm->process == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent)
            _exit(1);
        execlp("swtpm", "swtpm", "socket", "--tpm2", "--tpmstate", state, "--server", server,
            "--ctrl", control, "--flags", "not-need-init,startup-clear", "--log", "level=0",
            (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 1000 && !answers(tpm); i++) {
        ck_assert_int_eq(waitpid(tpm->process, NULL, WNOHANG), 0); /* swtpm is not installed? */
        nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
    /* It listens; now until it talks. */
    bool talks = false;
    for (int i = 0; i < 100 && !talks; i++)
        talks = software_tpm_run(tpm, "tpm2_getcap handles-nv-index") == 0;
    ck_assert(talks);
}

void software_tpm_off(software_tpm *tpm)
{
    char path[96];
    kill(tpm->process, SIGKILL);
    ck_assert_int_eq(waitpid(tpm->process, NULL, 0), tpm->process);
    snprintf(path, sizeof path, "%s/s", tpm->folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/s.ctrl", tpm->folder);
    unlink(path);
    /* It locks its state as long as it is there; a killed one leaves the lock's file only. */
}

void software_tpm_new(software_tpm *tpm)
{
    char folder[] = "/tmp/vpriv-tpm-XXXXXX"; /* short: names of sockets have an end */
    ck_assert_ptr_nonnull(dlopen("libtss2-tcti-swtpm.so.0", RTLD_NOW | RTLD_NODELETE));
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(tpm->folder, sizeof tpm->folder, "%s", folder);
    snprintf(tpm->connection, sizeof tpm->connection, "swtpm:path=%s/s", tpm->folder);
    software_tpm_on(tpm);
}

int software_tpm_run(const software_tpm *tpm, const char *command)
{
    char line[600];
    snprintf(line, sizeof line, "TPM2TOOLS_TCTI=%s %s >/dev/null 2>&1", tpm->connection, command);
    const int status = system(line);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void software_tpm_remove(software_tpm *tpm)
{
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", tpm->folder);
    ck_assert_int_eq(system(command), 0);
}
