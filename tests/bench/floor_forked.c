/* SPDX-License-Identifier: ISC */
/*
 * floor_forked.c - what waking and switching between processes costs at the
 * least: a process for each subscriber, which does nothing but sleep on a
 * futex and send what came since. It never reads its socket, ends when a send
 * fails or its parent dies, and gives up if the ring has lapped it.
 */
#include "floor_forked.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <linux/futex.h>

#include <err.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "wire.h"

#define RING		((size_t)8 << 20)
#define HEAD		((size_t)4096)	/* the ring begins at a page */

struct forked {
	/* positions count the bytes since the stream was made */
	_Atomic size_t	 fk_resv;	/* end of bytes in flux */
	_Atomic size_t	 fk_end;	/* end of the tape */
	_Atomic uint32_t fk_word;	/* futex, bumped at each wake */
	/* the parent's own */
	unsigned int	 fk_sets;
	unsigned int	 fk_turn;	/* the set to be woken next */
	size_t		 fk_woken[FORKED_SETS];	/* fk_end at its last wake */
	unsigned int	 fk_started;	/* processes */
};
_Static_assert(sizeof(struct forked) <= HEAD, "the ring begins behind it");

/*
 * The ring is mapped twice, one right behind the other: what wraps around is
 * in one piece all the same.
 */
struct forked *
forked_new(unsigned int sets)
{
	struct forked *fk;
	uint8_t *p;

	p = mmap(NULL, HEAD + 2 * RING, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (mremap(p + HEAD, 0, RING, MREMAP_MAYMOVE | MREMAP_FIXED,
	    p + HEAD + RING) == MAP_FAILED) {
		(void)munmap(p, HEAD + 2 * RING);
		return NULL;
	}
	fk = (struct forked *)p;
	fk->fk_sets = sets;
	return fk;
}

static uint8_t *
ring_at(struct forked *fk, size_t pos)
{
	return (uint8_t *)fk + HEAD + pos % RING;
}

uint8_t *
forked_room(struct forked *fk, size_t len)
{
	size_t end = atomic_load_explicit(&fk->fk_end, memory_order_relaxed);

	if (len > RING)
		return NULL;
	atomic_store_explicit(&fk->fk_resv, end + len, memory_order_relaxed);
	/* reserve before write; pairs with the acquire fence in check_lap() */
	atomic_thread_fence(memory_order_release);
	return ring_at(fk, end);
}

void
forked_append(struct forked *fk, size_t len)
{
	/* pairs with the load in send_tape() */
	(void)atomic_fetch_add_explicit(&fk->fk_end, len, memory_order_release);
}

size_t
forked_wake(struct forked *fk)
{
	unsigned int set = fk->fk_turn;

	fk->fk_woken[set] = atomic_load_explicit(&fk->fk_end,
	    memory_order_relaxed);
	fk->fk_turn = (set + 1) % fk->fk_sets;
	/* pairs with the load in serve() */
	(void)atomic_fetch_add_explicit(&fk->fk_word, 1, memory_order_release);
	(void)syscall(SYS_futex, &fk->fk_word, FUTEX_WAKE_BITSET, INT_MAX, NULL,
	    NULL, 1u << set);
	return fk->fk_woken[fk->fk_turn];
}

/* What was sent must not have been written over meanwhile. */
static void
check_lap(struct forked *fk, size_t pos)
{
	size_t resv;

	/* use before re-read; pairs with the release fence in forked_room() */
	atomic_thread_fence(memory_order_acquire);
	resv = atomic_load_explicit(&fk->fk_resv, memory_order_relaxed);
	if (resv - pos > RING) {
		warnx("a subscriber was lapped by the ring");
		_exit(1);
	}
}

static void
send_all(int fd, const uint8_t *p, size_t len)
{
	ssize_t n;

	for (; len > 0; p += n, len -= (size_t)n)
		if ((n = send(fd, p, len, MSG_NOSIGNAL)) == -1)
			_exit(0);
}

/* Send the tape from there on. Returns its end. */
static size_t
send_tape(struct forked *fk, int fd, size_t pos)
{
	size_t end = atomic_load_explicit(&fk->fk_end, memory_order_acquire);

	if (end - pos <= RING)
		send_all(fd, ring_at(fk, pos), end - pos);
	check_lap(fk, pos);
	return end;
}

static void __attribute__((noreturn))
serve(struct forked *fk, const struct wire *w, size_t pos, uint32_t set)
{
	uint32_t word;

	send_all(w->w_fd, w->w_out, w->w_outlen);
	for (;;) {
		/* before the tape, so that what comes later ends the sleep */
		word = atomic_load_explicit(&fk->fk_word, memory_order_acquire);
		pos = send_tape(fk, w->w_fd, pos);
		(void)syscall(SYS_futex, &fk->fk_word, FUTEX_WAIT_BITSET, word,
		    NULL, NULL, set);
	}
}

/* In the new process: end with the parent, keep one socket, which blocks. */
static void
settle(pid_t parent, int fd)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1 || getppid() != parent ||
	    close_range(STDERR_FILENO + 1, (unsigned int)fd - 1, 0) == -1 ||
	    close_range((unsigned int)fd + 1, UINT_MAX, 0) == -1 ||
	    fcntl(fd, F_SETFL, 0) == -1) {
		warn("start of a subscriber's process");
		_exit(1);
	}
}

int
forked_start(struct forked *fk, const struct wire *w, size_t begin)
{
	uint32_t set = 1u << fk->fk_started % fk->fk_sets;
	pid_t pid, parent = getpid();

	/* the time of those that ended counts once they are waited for */
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	if ((pid = fork()) == 0) {
		settle(parent, w->w_fd);
		serve(fk, w, begin, set);
	}
	if (pid == -1)
		return -1;
	fk->fk_started++;
	return 0;
}
