#include "server/process.h"

#include "base/err.h"
#include "base/log.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

void process_harden(void)
{
    umask(077);
    // Memory holds keys: no core file, no debugger, nothing regained by a set-uid program.
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

static int become(const char *name, uid_t uid, gid_t gid, struct text *why)
{
    if ((name ? initgroups(name, gid) : setgroups(0, NULL)) != 0 ||
        setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0) {
        text_addf(why, "cannot become user %u: %s", (unsigned)uid, strerror(errno));
        return ERR_REFUSED;
    }
    prctl(PR_SET_DUMPABLE, 0); // the kernel sets it anew when the user changes
    return 0;
}

// A data folder that is not there yet is made while we still can, for the user to come.
static void make_data_folder(const char *path, const struct passwd *user)
{
    if (mkdir(path, 0700) == 0 && chown(path, user->pw_uid, user->pw_gid) != 0)
        log_warn("server", "cannot give %s to %s", path, user->pw_name);
}

int process_drop_root(const struct config *config, struct text *why)
{
    if (geteuid() != 0)
        return 0;
    if (config->user[0]) {
        const struct passwd *user = getpwnam(config->user);
        if (user) {
            make_data_folder(config->data, user);
            return become(user->pw_name, user->pw_uid, user->pw_gid, why);
        }
        text_addf(why, "there is no user %.100s", config->user);
        return ERR_REFUSED;
    }
    if (config->allow_root)
        return 0;
    struct stat data;
    if (stat(config->data, &data) == 0 && data.st_uid != 0) {
        log_info("server", "becoming the owner of %s, user %u", config->data,
                 (unsigned)data.st_uid);
        return become(NULL, data.st_uid, data.st_gid, why);
    }
    if (config_is_local(config)) {
        log_warn("server", "running as root, because only this machine can connect; "
                           "--user NAME is better");
        return 0;
    }
    text_add(why, "not as root: give --user NAME, let another user own the data folder, or say "
                  "--allow-root");
    return ERR_REFUSED;
}
