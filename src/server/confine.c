/* confine.c - a filter on system calls (seccomp(2)), the same for all threads.
 *
 * A call on the list passes.  Those that only a stranger in our process would make (to start a program,
 * to look into another, to change the kernel or what surrounds us) end the process: it is no longer ours.
 * Any other gets ENOSYS, as from a kernel that does not have it.  That is what the C library and others
 * are ready for when a new version of theirs tries a new call first, while EPERM would be taken for an
 * answer, and ending the process for a crash.  The kernel's audit log names what was refused.
 *
 * What io_uring is told to do is not seen by any filter, so it is there only for who sends with it. */
#include "server/confine.h"

#include "base/log.h"
#include "core/config.h"

#include <sys/prctl.h>

#ifdef MILLRACE_HAVE_SECCOMP

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>

#define CALL(name) SCMP_SYS(name)

static const int needed[] = {
    /* sockets, and waiting for them */
    CALL(socket), CALL(socketpair), CALL(bind), CALL(listen), CALL(accept), CALL(accept4), CALL(connect),
    CALL(getsockname), CALL(getpeername), CALL(setsockopt), CALL(getsockopt), CALL(shutdown), CALL(recvfrom),
    CALL(recvmsg), CALL(recvmmsg), CALL(sendto), CALL(sendmsg), CALL(sendmmsg), CALL(sendfile), CALL(splice),
    CALL(epoll_create), CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_wait), CALL(epoll_pwait),
    CALL(epoll_pwait2), CALL(poll), CALL(ppoll), CALL(select), CALL(pselect6), CALL(eventfd), CALL(eventfd2),
    CALL(pipe), CALL(pipe2),
    /* files: recordings, their database, the configuration, certificates, what is served */
    CALL(open), CALL(openat), CALL(openat2), CALL(close), CALL(close_range), CALL(read), CALL(readv),
    CALL(pread64), CALL(preadv), CALL(preadv2), CALL(write), CALL(writev), CALL(pwrite64), CALL(pwritev),
    CALL(pwritev2), CALL(lseek), CALL(_llseek), CALL(fsync), CALL(fdatasync), CALL(sync_file_range),
    CALL(ftruncate), CALL(ftruncate64), CALL(fallocate), CALL(fadvise64), CALL(copy_file_range),
    CALL(stat), CALL(stat64), CALL(fstat), CALL(fstat64), CALL(lstat), CALL(lstat64), CALL(newfstatat),
    CALL(fstatat64), CALL(statx), CALL(statfs), CALL(statfs64), CALL(fstatfs), CALL(fstatfs64), CALL(access),
    CALL(faccessat), CALL(faccessat2), CALL(readlink), CALL(readlinkat), CALL(getdents), CALL(getdents64),
    CALL(getcwd), CALL(mkdir), CALL(mkdirat), CALL(rmdir), CALL(unlink), CALL(unlinkat), CALL(rename),
    CALL(renameat), CALL(renameat2), CALL(link), CALL(linkat), CALL(chmod), CALL(fchmod), CALL(fchmodat),
    CALL(chown), CALL(fchown), CALL(fchownat), CALL(utime), CALL(utimensat), CALL(flock), CALL(fcntl),
    CALL(fcntl64), CALL(dup), CALL(dup2), CALL(dup3), CALL(umask), CALL(ioctl), CALL(inotify_init1),
    CALL(inotify_add_watch), CALL(inotify_rm_watch),
    /* memory */
    CALL(brk), CALL(mmap), CALL(mmap2), CALL(munmap), CALL(mremap), CALL(mprotect), CALL(madvise),
    CALL(mlock), CALL(mlock2), CALL(munlock), CALL(membarrier), CALL(mincore), CALL(memfd_create), CALL(get_mempolicy),
    /* threads, signals, time */
    CALL(set_robust_list), CALL(get_robust_list), CALL(set_tid_address), CALL(rseq),
    CALL(futex), CALL(futex_time64), CALL(futex_waitv), CALL(sched_yield), CALL(sched_getaffinity),
    CALL(sched_setaffinity), CALL(sched_getparam), CALL(sched_getscheduler), CALL(sched_setscheduler),
    CALL(sched_get_priority_max), CALL(sched_get_priority_min), CALL(setpriority), CALL(getpriority),
    CALL(getcpu), CALL(exit), CALL(exit_group), CALL(wait4), CALL(kill), CALL(tkill), CALL(tgkill),
    CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigpending), CALL(rt_sigreturn), CALL(rt_sigsuspend),
    CALL(rt_sigtimedwait), CALL(rt_sigtimedwait_time64), CALL(sigaltstack), CALL(pause),
    CALL(restart_syscall), CALL(clock_gettime), CALL(clock_gettime64), CALL(clock_getres),
    CALL(clock_nanosleep), CALL(clock_nanosleep_time64), CALL(nanosleep), CALL(gettimeofday), CALL(time),
    CALL(times), CALL(getitimer), CALL(setitimer), CALL(alarm), CALL(timerfd_create), CALL(timerfd_settime),
    /* who and where we are, and what we may use */
    CALL(getpid), CALL(getppid), CALL(gettid), CALL(getpgid), CALL(getpgrp), CALL(getsid), CALL(getuid),
    CALL(geteuid), CALL(getgid), CALL(getegid), CALL(getresuid), CALL(getresgid), CALL(getgroups),
    CALL(getrandom), CALL(getrlimit), CALL(ugetrlimit), CALL(setrlimit), CALL(prlimit64), CALL(getrusage),
    CALL(sysinfo), CALL(uname), CALL(prctl), CALL(arch_prctl), CALL(capget),
};

static const int uring[] = { CALL(io_uring_setup), CALL(io_uring_enter), CALL(io_uring_register) };

static const int hostile[] = {
    CALL(execve), CALL(execveat), CALL(fork), CALL(vfork), CALL(ptrace), CALL(process_vm_readv),
    CALL(process_vm_writev), CALL(pidfd_getfd), CALL(kcmp), CALL(mount), CALL(umount2), CALL(move_mount),
    CALL(fsopen), CALL(open_tree), CALL(pivot_root), CALL(chroot), CALL(setns), CALL(unshare), CALL(bpf),
    CALL(perf_event_open), CALL(userfaultfd), CALL(init_module), CALL(finit_module), CALL(delete_module),
    CALL(kexec_load), CALL(kexec_file_load), CALL(reboot), CALL(swapon), CALL(swapoff), CALL(add_key),
    CALL(request_key), CALL(keyctl), CALL(setuid), CALL(setgid), CALL(setresuid), CALL(setresgid),
    CALL(setgroups), CALL(capset), CALL(personality), CALL(settimeofday), CALL(clock_settime),
    CALL(sethostname), CALL(acct), CALL(quotactl), CALL(iopl), CALL(ioperm), CALL(modify_ldt),
};

/* Calls that this machine has no number for are passed over. */
static int add(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int error = seccomp_rule_add(filter, action, calls[i], 0);
        if (error != 0 && error != -EDOM && error != -EOPNOTSUPP)
            return error;
    }
    return 0;
}

/* Threads, and no processes.  The flags of clone3() are where a filter cannot look: it gets ENOSYS, and
 * the C library goes back to clone(). */
static int add_threads(scmp_filter_ctx filter)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, CALL(clone), 1,
                            SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
}

#define COUNT(array) (sizeof(array) / sizeof *(array))

static int load(scmp_filter_ctx filter, const struct config *config)
{
    int error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1); /* all threads */
    if (error == 0)
        error = add(filter, SCMP_ACT_ALLOW, needed, COUNT(needed));
    if (error == 0)
        error = add_threads(filter);
    if (error == 0 && config->delivery.backend != CONFIG_BACKEND_SENDMSG)
        error = add(filter, SCMP_ACT_ALLOW, uring, COUNT(uring));
    if (error == 0)
        error = add(filter, SCMP_ACT_KILL_PROCESS, hostile, COUNT(hostile));
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);      /* not before Linux 4.14: no matter */
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a tree, not a list: a few steps a call */
    return error == 0 ? seccomp_load(filter) : error;
}

static void filter_calls(const struct config *config)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int             error = filter == NULL ? -ENOMEM : load(filter, config);
    if (error != 0)
        log_warn(NULL, "seccomp: system calls cannot be restricted here: %s", strerror(-error));
    else
        log_info(NULL, "system calls are restricted to those the server needs (seccomp)");
    if (filter != NULL)
        seccomp_release(filter);
}

#else

static void filter_calls(const struct config *config)
{
    (void)config;
    log_debug(NULL, "built without seccomp: system calls are not restricted");
}

#endif

void confine_start(const struct config *config)
{
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); /* whatever is started from here on has no more rights than we */
    if (config->seccomp)
        filter_calls(config);
}
