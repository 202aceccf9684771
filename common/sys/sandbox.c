/* SPDX-License-Identifier: ISC */
/*
 * sandbox.c - which system calls a process may make, by its role.
 *
 * For all but the listener a table lists what is allowed; the rest kills. What
 * the listener executes inherits its filter for good, the programs of later
 * versions included, so that one lists what no version will have any use for.
 */
#include "sys/sandbox.h"

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

#define H	(1U << SANDBOX_HUB)
#define C	(1U << SANDBOX_CONNECTION)
#define R	(1U << SANDBOX_RECORDER)
#define M	(1U << SANDBOX_METRICS)
#define ALL	(H | C | R | M)

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
	{ SCMP_SYS(shutdown), C | R | M },
	{ SCMP_SYS(connect), H | R },	/* syslog, hub; others: below */
	{ SCMP_SYS(setsockopt), C | M },
	{ SCMP_SYS(getsockopt), H },	/* credentials, pidfd */
	{ SCMP_SYS(accept4), H | M },
	{ SCMP_SYS(read), H | M },	/* signalfd */
	{ SCMP_SYS(write), H | R | M },	/* the log on stderr */
	/* waiting */
	{ SCMP_SYS(poll), ALL },
	{ SCMP_SYS(ppoll), ALL },	/* poll(3) where there is no poll */
	{ SCMP_SYS(epoll_wait), H | M },
	{ SCMP_SYS(epoll_pwait), H | M },
	{ SCMP_SYS(epoll_ctl), H | M },
	{ SCMP_SYS(futex), ALL },
	{ SCMP_SYS(futex_waitv), C | R },
	{ SCMP_SYS(setitimer), C | R },
	{ SCMP_SYS(nanosleep), ALL },
	{ SCMP_SYS(clock_nanosleep), ALL },
	{ SCMP_SYS(restart_syscall), ALL },	/* after SIGSTOP in a wait */
	/* time, where it is not in the vDSO */
	{ SCMP_SYS(clock_gettime), ALL },
	{ SCMP_SYS(gettimeofday), ALL },
	{ SCMP_SYS(time), ALL },
	/* descriptors and memory */
	{ SCMP_SYS(close), H | C | R },	/* metrics: below */
	{ SCMP_SYS(fstat), ALL },	/* the size of what is to be mapped */
	{ SCMP_SYS(newfstatat), ALL },	/* fstat(3) since glibc 2.33 */
	{ SCMP_SYS(munmap), ALL },
	{ SCMP_SYS(mremap), ALL },
	{ SCMP_SYS(brk), ALL },
	{ SCMP_SYS(getrandom), ALL },
	/* the process itself */
	{ SCMP_SYS(getpid), ALL },
	{ SCMP_SYS(getppid), H },
	{ SCMP_SYS(gettid), H | R | M },	/* syslog(3), abort(3) */
	{ SCMP_SYS(rt_sigaction), ALL },
	{ SCMP_SYS(rt_sigprocmask), ALL },
	{ SCMP_SYS(rt_sigreturn), ALL },
	{ SCMP_SYS(exit), ALL },
	{ SCMP_SYS(exit_group), ALL },
	/* the hub: rings, its socket, who is at the other end */
	{ SCMP_SYS(openat), H | R },
	{ SCMP_SYS(unlink), H },
	{ SCMP_SYS(unlinkat), H | R },
	{ SCMP_SYS(ftruncate), H | R },
	{ SCMP_SYS(fallocate), H },
	{ SCMP_SYS(flock), H | R },
	{ SCMP_SYS(fstatfs), H },	/* what is left of /dev/shm */
	{ SCMP_SYS(fstatfs64), H },
	{ SCMP_SYS(pidfd_open), H },
	{ SCMP_SYS(pidfd_send_signal), H },
	{ SCMP_SYS(geteuid), H },
	/* the recorder: its files, in the directory that it shuts itself in */
	{ SCMP_SYS(mkdirat), R },
	{ SCMP_SYS(pread64), R },
	{ SCMP_SYS(pwrite64), R },
	{ SCMP_SYS(fdatasync), R },
	{ SCMP_SYS(landlock_create_ruleset), R },
	{ SCMP_SYS(landlock_add_rule), R },
	{ SCMP_SYS(landlock_restrict_self), R },
	/* metrics: where the registry is; and qsort(3) of much asks how much
	 * memory there is */
	{ SCMP_SYS(readlink), M },
	{ SCMP_SYS(readlinkat), M },
	{ SCMP_SYS(sysinfo), M },
};

/* The listener: into other processes and the kernel, and out of its place. */
static const int denied[] = {
	SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev), SCMP_SYS(kcmp), SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(add_key),
	SCMP_SYS(request_key), SCMP_SYS(keyctl), SCMP_SYS(syslog),
	SCMP_SYS(init_module), SCMP_SYS(finit_module),
	SCMP_SYS(delete_module), SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load), SCMP_SYS(iopl), SCMP_SYS(ioperm),
	SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(move_mount),
	SCMP_SYS(open_tree), SCMP_SYS(fsopen), SCMP_SYS(fsmount),
	SCMP_SYS(pivot_root), SCMP_SYS(unshare), SCMP_SYS(setns),
	SCMP_SYS(open_by_handle_at), SCMP_SYS(reboot), SCMP_SYS(swapon),
	SCMP_SYS(swapoff), SCMP_SYS(sethostname), SCMP_SYS(setdomainname),
	SCMP_SYS(settimeofday), SCMP_SYS(clock_settime),
	SCMP_SYS(clock_adjtime), SCMP_SYS(adjtimex), SCMP_SYS(acct),
	SCMP_SYS(quotactl), SCMP_SYS(vhangup), SCMP_SYS(personality),
};

#ifdef __SANITIZE_ADDRESS__
#define LOG_ONLY	true
#else
#define LOG_ONLY	false
#endif

static int
add(scmp_filter_ctx ctx, uint32_t action, int call)
{
	int error = seccomp_rule_add(ctx, action, call, 0);

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
	static const unsigned long commands[] = {
		F_GETFD, F_SETFD, F_GETFL, F_GET_SEALS,
	};
	static const unsigned long advice[] = {
		MADV_DONTNEED, MADV_FREE, MADV_POPULATE_READ,
		MADV_POPULATE_WRITE,
	};
	int error;

	error = add_values(ctx, SCMP_SYS(fcntl), 1, commands, 4);
	return error != 0 ? error :
	    add_values(ctx, SCMP_SYS(madvise), 2, advice, 4);
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
		    SCMP_SYS(write), 1,
		    SCMP_A0(SCMP_CMP_EQ, SANDBOX_OOM_FD, 0));
	if (error == 0)
		error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW,
		    SCMP_SYS(prlimit64), 2, SCMP_A0(SCMP_CMP_EQ, 0, 0),
		    SCMP_A1(SCMP_CMP_EQ, RLIMIT_CPU, 0));
	return error != 0 ? error : seccomp_rule_add(ctx, SCMP_ACT_ALLOW,
	    SCMP_SYS(setrlimit), 1, SCMP_A0(SCMP_CMP_EQ, RLIMIT_CPU, 0));
}

/* Files for reading, a look whether the hub is alive, the next hub. Of numbers
 * below SANDBOX_FIXED_FDS none has a higher bit set, of the others each has. */
static int
add_metrics(scmp_filter_ctx ctx)
{
	unsigned int bit, fixed = SANDBOX_FIXED_FDS;
	int error;

	error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC,
	    O_RDONLY));
	if (error == 0)
		error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(kill),
		    1, SCMP_A1(SCMP_CMP_EQ, 0, 0));
	if (error == 0)
		error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW,
		    SCMP_SYS(connect), 1,
		    SCMP_A0(SCMP_CMP_MASKED_EQ, UINT32_MAX & ~(fixed - 1), 0));
	for (bit = fixed; bit <= INT32_MAX / 2 && error == 0; bit *= 2)
		error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(close),
		    1, SCMP_A0(SCMP_CMP_MASKED_EQ, bit, bit));
	return error;
}

/* Calls that are allowed with some arguments only. */
static int
add_conditions(scmp_filter_ctx ctx, enum sandbox_role role)
{
	int error;

	error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (error == 0)
		error = add_harmless(ctx);
	if (error != 0)
		return error;
	if (role == SANDBOX_METRICS)
		return add_metrics(ctx);
	/* only to a hub and to syslog: nobody opens a way out */
	error = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
	    SCMP_A0(SCMP_CMP_EQ, AF_UNIX, 0));
	return error != 0 || role != SANDBOX_CONNECTION ? error :
	    add_connection(ctx);
}

static int
fill_allowed(scmp_filter_ctx ctx, enum sandbox_role role)
{
	size_t i;
	int error;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if ((rules[i].ru_roles & (1U << role)) == 0)
			continue;
		error = add(ctx, SCMP_ACT_ALLOW, rules[i].ru_call);
		if (error != 0)
			return error;
	}
	return add_conditions(ctx, role);
}

/* By AF_NETLINK the getaddrinfo(3) of other versions asks for our addresses. */
static bool
family_is_used(unsigned int family)
{
	return family == AF_UNIX || family == AF_INET || family == AF_INET6 ||
	    family == AF_NETLINK;
}

static int
fill_denied(scmp_filter_ctx ctx, uint32_t action)
{
	unsigned int family;
	int error = 0;
	size_t i;

	for (i = 0; i < sizeof(denied) / sizeof(denied[0]) && error == 0; i++)
		error = add(ctx, action, denied[i]);
	for (family = 0; family < AF_MAX && error == 0; family++)
		if (!family_is_used(family))
			error = seccomp_rule_add(ctx, action,
			    SCMP_SYS(socket), 1,
			    SCMP_A0(SCMP_CMP_EQ, family, 0));
	return error;
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
	uint32_t bad = only_log || LOG_ONLY ? SCMP_ACT_LOG :
	    SCMP_ACT_KILL_PROCESS;
	bool listener = role == SANDBOX_LISTENER;
	scmp_filter_ctx ctx;
	int error;

	memset(sb, 0, sizeof(*sb));
	sb->sb_role = role;
	if ((ctx = seccomp_init(listener ? SCMP_ACT_ALLOW : bad)) == NULL) {
		errno = ENOMEM;
		return -1;
	}
	/* a tree: a call on the data path must not pass the whole list */
	(void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	error = listener ? fill_denied(ctx, bad) : fill_allowed(ctx, role);
	if (error == 0)
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
