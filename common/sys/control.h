/* SPDX-License-Identifier: ISC */
/*
 * control.h - orders to a running listener or hub, a line each.
 * A Unix datagram socket in the run directory, whose mode says who may give
 * orders; an order is a word, the answer "ok" or "error" and a sentence. The
 * kernel says who sent it.
 */
#ifndef SYS_CONTROL_H
#define SYS_CONTROL_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#define CONTROL_TEXT	256	/* longest order or answer, with its NUL */

struct control {
	char			 ct_order[CONTROL_TEXT];
	pid_t			 ct_pid;	/* who gave it */
	uid_t			 ct_uid;	/* as what user */
	int			 ct_fd;		/* that came with it, or -1 */
	struct sockaddr_un	 ct_from;
	socklen_t		 ct_len;	/* 0: wants no answer */
};

/*
 * Take orders at `path`, in place of whoever did before. Close-on-exec,
 * non-blocking, mode 0600. -1 and errno.
 */
int	control_open(const char *path);

/* The next order; false if there is none. Its descriptor is the caller's. */
bool	control_read(int fd, struct control *);

/* Answer; never waits for who asked. */
void	control_answer(int fd, const struct control *, bool ok,
	    const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Answer "ok" with the descriptor `given`. */
void	control_answer_fd(int fd, const struct control *, int given,
	    const char *text);

/* Give an order without waiting for an answer. -1 and errno: nobody is
 * there to take it. */
int	control_send(const char *path, const char *order);
/* The same with the descriptor `given`, or none if that is -1. */
int	control_send_fd(const char *path, const char *order, int given);

/*
 * Give an order and wait for the answer, `timeout` ms at most. Returns 0 for
 * "ok", 1 for "error", with the sentence in `text`, or -1 and errno: ECONNRESET
 * where another has taken the place of who died, perhaps without obeying.
 */
int	control_ask(const char *path, const char *order, int timeout,
	    char text[CONTROL_TEXT]);
/* The same; `*fd` is the descriptor that came with the answer, or -1. */
int	control_ask_fd(const char *path, const char *order, int timeout,
	    char text[CONTROL_TEXT], int *fd);

#endif
