/* SPDX-License-Identifier: ISC */
/*
 * sandbox.c - which system calls a process may make, by its role.
 *
 * The table lists what is allowed; the rest kills. A child inherits the
 * listener's filter, and a hub is executed under it, so the listener's lists
 * what they need as well: it keeps out what none of rtmpd has any use for.
 */
#include "sys/sandbox.h"

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/probe.h"

#define L	(1U << SANDBOX_LISTENER)
#define H	(1U << SANDBOX_HUB)
#define C	(1U << SANDBOX_CONNECTION)
#define ALL	(L | H | C)

struct rule {
	int		 ru_call;
	unsigned int	 ru_roles;
};

/* Calls without conditions. A negative number is one that this architecture
 * does not have. */
static const struct rule rules[] = {
	/* messages to and from peers, the hub, the log */
	{ SCMP_SYS(recvfrom), ALL },
	{ SCMP_SYS(recvmsg), ALL },
	{ SCMP_SYS(sendto), ALL },
	{ SCMP_SYS(sendmsg), ALL },
	{ SCMP_SYS(shutdown), L | C },
	{ SCMP_SYS(connect), L | H },	/* syslog; connections: below */
	{ SCMP_SYS(setsockopt), L | C },
	{ SCMP_SYS(getsockopt), L | H },	/* credentials, pidfd */
	{ SCMP_SYS(getpeername), L },
	{ SCMP_SYS(accept4), L | H },
	{ SCMP_SYS(read), L | H },	/* signalfd */
	{ SCMP_SYS(write), L | H },	/* the log on stderr */
	/* waiting */
	{ SCMP_SYS(poll), L | C },
	{ SCMP_SYS(ppoll), L | C },	/* poll(3) where there is no poll */
	{ SCMP_SYS(epoll_wait), L | H },
	{ SCMP_SYS(epoll_pwait), L | H },
	{ SCMP_SYS(epoll_ctl), L | H },
	{ SCMP_SYS(futex), ALL },
	{ SCMP_SYS(futex_waitv), L | C },
	{ SCMP_SYS(setitimer), L | C },
	{ SCMP_SYS(nanosleep), ALL },
	{ SCMP_SYS(clock_nanosleep), ALL },
	{ SCMP_SYS(restart_syscall), ALL },	/* after SIGSTOP in a wait */
	/* time, where it is not in the vDSO */
	{ SCMP_SYS(clock_gettime), ALL },
	{ SCMP_SYS(gettimeofday), ALL },
	{ SCMP_SYS(time), ALL },
	/* descriptors and memory */
	{ SCMP_SYS(close), ALL },
	{ SCMP_SYS(dup), L },
	{ SCMP_SYS(fcntl), L },		/* others: below */
	{ SCMP_SYS(fstat), ALL },	/* the size of what is to be mapped */
	{ SCMP_SYS(newfstatat), ALL },	/* fstat(3) since glibc 2.33 */
	{ SCMP_SYS(munmap), ALL },
	{ SCMP_SYS(mremap), ALL },
	{ SCMP_SYS(brk), ALL },
	{ SCMP_SYS(madvise), L },	/* others: below */
	{ SCMP_SYS(getrandom), ALL },
	/* the process itself */
	{ SCMP_SYS(getpid), ALL },
	{ SCMP_SYS(gettid), L | H },	/* syslog(3), abort(3) */
	{ SCMP_SYS(setrlimit), L },
	{ SCMP_SYS(prlimit64), L },
	{ SCMP_SYS(rt_sigaction), ALL },
	{ SCMP_SYS(rt_sigprocmask), ALL },
	{ SCMP_SYS(rt_sigreturn), ALL },
	{ SCMP_SYS(exit), ALL },
	{ SCMP_SYS(exit_group), ALL },
	/* the hub: rings, its socket, who is at the other end */
	{ SCMP_SYS(openat), L | H },
	{ SCMP_SYS(unlink), L | H },
	{ SCMP_SYS(unlinkat), L | H },
	{ SCMP_SYS(ftruncate), L | H },
	{ SCMP_SYS(fallocate), L | H },
	{ SCMP_SYS(flock), L | H },
	{ SCMP_SYS(pidfd_open), L | H },
	{ SCMP_SYS(pidfd_send_signal), L | H },
	/* the listener: children, and shutting them in */
	{ SCMP_SYS(clone), L },
	{ SCMP_SYS(clone3), L },
	{ SCMP_SYS(wait4), L },
	{ SCMP_SYS(kill), L },
	{ SCMP_SYS(setsid), L },
	{ SCMP_SYS(close_range), L },
	{ SCMP_SYS(dup2), L },
	{ SCMP_SYS(dup3), L },
	{ SCMP_SYS(chroot), L },
	{ SCMP_SYS(chdir), L },
	{ SCMP_SYS(setgroups), L },
	{ SCMP_SYS(setresuid), L },
	{ SCMP_SYS(setresgid), L },
	{ SCMP_SYS(prctl), L },
	{ SCMP_SYS(seccomp), L },
	/* the hub that it executes, until its own filter */
	{ SCMP_SYS(execve), L },
	{ SCMP_SYS(readlink), L },
	{ SCMP_SYS(readlinkat), L },
	{ SCMP_SYS(access), L },
	{ SCMP_SYS(faccessat), L },
	{ SCMP_SYS(faccessat2), L },
	{ SCMP_SYS(arch_prctl), L },
	{ SCMP_SYS(set_tid_address), L },
	{ SCMP_SYS(set_robust_list), L },
	{ SCMP_SYS(rseq), L },
	{ SCMP_SYS(mprotect), L },
	{ SCMP_SYS(pread64), L },
	{ SCMP_SYS(getuid), L },
	{ SCMP_SYS(geteuid), L | H },
	{ SCMP_SYS(getgid), L },
	{ SCMP_SYS(getegid), L },
	{ SCMP_SYS(getcwd), L },
	{ SCMP_SYS(getdents64), L },
	{ SCMP_SYS(lseek), L },
	{ SCMP_SYS(mkdirat), L },
	{ SCMP_SYS(fchmod), L },
	{ SCMP_SYS(fchown), L },
	{ SCMP_SYS(fchdir), L },
	{ SCMP_SYS(umask), L },
	{ SCMP_SYS(socketpair), L },
	{ SCMP_SYS(bind), L },
	{ SCMP_SYS(listen), L },
	{ SCMP_SYS(epoll_create1), L },
	{ SCMP_SYS(signalfd4), L },
	{ SCMP_SYS(memfd_create), L },	/* where the filter is built */
	{ SCMP_SYS(uname), L },		/* libseccomp */
};

#ifdef __SANITIZE_ADDRESS__
#define LOG_ONLY	true
#else
#define LOG_ONLY	false
#endif

static int
add(scmp_filter_ctx ctx, int call)
{
	int error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 0);

	return error == -EDOM ? 0 : error;	/* not on this machine */
}

/* The same if argument `arg` is one of `n` values. */
static int
add_values(scmp_filter_ctx ctx, int call, unsigned int arg,
    const unsigned long *value, int n)
{
	int i, error = 0;

	for (i = 0; i < n && error == 0; i++)
		error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 1,
		    SCMP_CMP(arg, SCMP_CMP_EQ, value[i], 0));
	return error;
}

/* Neither signals by way of F_SETOWN, nor holes in a ring by MADV_REMOVE. */
static int
add_harmless(scmp_filter_ctx ctx)
{
	static const unsigned long commands[] = { F_GETFD, F_SETFD, F_GETFL };
	static const unsigned long advice[] = { MADV_DONTNEED, MADV_FREE };
	int error;

	error = add_values(ctx, SCMP_SYS(fcntl), 1, commands, 3);
	return error != 0 ? error :
	    add_values(ctx, SCMP_SYS(madvise), 2, advice, 2);
}

/* To the next hub; and its own limit of CPU time, which ends with publish or
 * play. Disconnecting the peer's socket would be a way out to the network. */
static int
add_connection(scmp_filter_ctx ctx)
{
	int fd, error = 0;

	/* the kernel looks at 32 bits of it, so no greater-than here */
	for (fd = SANDBOX_PEER_FD + 1; fd < SANDBOX_FILES && error == 0; fd++)
		error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW,
		    SCMP_SYS(connect), 1,
		    SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX, (unsigned)fd));
	if (error == 0)
		error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW,
		    SCMP_SYS(prlimit64), 2, SCMP_A0(SCMP_CMP_EQ, 0, 0),
		    SCMP_A1(SCMP_CMP_EQ, RLIMIT_CPU, 0));
	return error != 0 ? error : seccomp_rule_add(ctx, SCMP_ACT_ALLOW,
	    SCMP_SYS(setrlimit), 1, SCMP_A0(SCMP_CMP_EQ, RLIMIT_CPU, 0));
}

/* Calls that are allowed with some arguments only. */
static int
add_conditions(scmp_filter_ctx ctx, enum sandbox_role role)
{
	int error;

	/* only to a hub and to syslog: nobody opens a way out */
	error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
	    SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0));
	if (error != 0)
		return error;
	if (role == SANDBOX_LISTENER) {
		/* its children execute a hub; flex(1) asks isatty(3) */
		error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl),
		    1, SCMP_A1(SCMP_CMP_EQ, TCGETS, 0));
		return error != 0 ? error : add(ctx, SCMP_SYS(mmap));
	}
	error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (error == 0)
		error = add_harmless(ctx);
	return error != 0 || role != SANDBOX_CONNECTION ? error :
	    add_connection(ctx);
}

static int
fill(scmp_filter_ctx ctx, enum sandbox_role role)
{
	size_t i;
	int error;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if ((rules[i].ru_roles & (1U << role)) == 0)
			continue;
		if ((error = add(ctx, rules[i].ru_call)) != 0)
			return error;
	}
	return add_conditions(ctx, role);
}

/* libseccomp writes programs to descriptors only. */
static int
export(scmp_filter_ctx ctx, struct sock_fprog *prog)
{
	int fd = memfd_create("filter", MFD_CLOEXEC), error;
	ssize_t n = -1;
	off_t size;

	if (fd == -1)
		return -errno;
	error = seccomp_export_bpf(ctx, fd);
	if (error == 0) {
		size = lseek(fd, 0, SEEK_END);
		prog->filter = malloc((size_t)size);
		if (prog->filter != NULL)
			n = pread(fd, prog->filter, (size_t)size, 0);
		prog->len = (unsigned short)(size / sizeof(*prog->filter));
		error = n == size ? 0 : -ENOMEM;
	}
	close(fd);
	return error;
}

int
sandbox_build(struct sandbox *sb, enum sandbox_role role, bool only_log)
{
	scmp_filter_ctx ctx;
	int error;

	memset(sb, 0, sizeof(*sb));
	sb->sb_role = role;
	ctx = seccomp_init(only_log || LOG_ONLY ? SCMP_ACT_LOG :
	    SCMP_ACT_KILL_PROCESS);
	if (ctx == NULL) {
		errno = ENOMEM;
		return -1;
	}
	/* a tree: a call on the data path must not pass the whole list */
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if ((error = fill(ctx, role)) == 0)
		error = export(ctx, &sb->sb_prog);
	seccomp_release(ctx);
	errno = -error;
	return error == 0 ? 0 : -1;
}

int
sandbox_enter(const struct sandbox *sb)
{
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &sb->sb_prog) == -1)
		return -1;
	probe_role(sb->sb_role);
	return 0;
}

void
sandbox_free(struct sandbox *sb)
{
	free(sb->sb_prog.filter);
	sb->sb_prog.filter = NULL;
}
