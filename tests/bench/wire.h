/* SPDX-License-Identifier: ISC */
/*
 * wire.h - one RTMP connection seen from either end: simple handshake, chunks
 * and control messages on a non-blocking socket. Commands are the owner's.
 *
 * The owner polls w_fd for reading always and for writing while
 * wire_pending(), and calls wire_receive() and wire_flush() accordingly.
 */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <sys/types.h>

#include "chunk.h"

#define WIRE_SCRATCH	(256 * 1024)	/* receive buffer, shared by all */
#define WIRE_BACKLOG	(16u << 20)	/* most that may wait to be sent */
#define WIRE_TEXT	128

/* What the owner does about its peer's messages. */
struct wire_owner {
	/* the handshake is complete */
	void	(*wo_shook)(void *owner);
	/* an AMF0 command; len bytes of cm_head are valid */
	void	(*wo_command)(void *owner, const struct chunk_msg *m,
		    size_t len);
};

struct wire {
	int	 w_fd;
	bool	 w_server;		/* this end accepted */
	bool	 w_keep;		/* the buffer of w_out, once empty */
	bool	 w_failed;		/* w_error says why */
	uint32_t w_msid;		/* message stream of the media */
	uint32_t w_chunk;		/* our chunk size */
	uint32_t w_window;		/* the peer wants an ack after these */
	uint64_t w_received;		/* bytes of chunk stream */
	uint64_t w_acked;
	size_t	 w_shook;		/* handshake bytes received */
	uint64_t w_shook_ns;		/* the first of them */
	uint64_t w_recv_ns;		/* after the latest recv(2) */
	struct chunk_in w_in;
	uint8_t	 w_stash[CHUNK_HEADER];	/* an incomplete chunk header */
	size_t	 w_stashed;
	uint8_t	*w_out;
	size_t	 w_outlen, w_outcap;
	char	 w_error[WIRE_TEXT];
	const struct wire_owner *w_does;
	void	*w_owner;
	/* media (types 8 and 9) goes here, or nowhere */
	const struct chunk_sink *w_media;
	void	*w_arg;
};

/* w_media and w_arg are left as they are. */
void	 wire_init(struct wire *w, int fd, bool server,
	    const struct wire_owner *does, void *owner);
void	 wire_close(struct wire *w);

/* Client: queue the first part of the handshake; -1 if out of memory. */
int	 wire_greet(struct wire *w);

/* The connection has failed, if it had not before; returns -1. */
int	 wire_fail(struct wire *w, const char *fmt, ...)
	    __attribute__((format(printf, 2, 3)));

/* Receive once and act on it; -1 when the connection has failed or ended. */
int	 wire_receive(struct wire *w, uint8_t *scratch);

/* Send what is queued, as far as the socket takes it; -1 as above. */
int	 wire_flush(struct wire *w);

/* Send finished chunks, or queue what the socket does not take; -1 as above. */
int	 wire_write(struct wire *w, const uint8_t *p, size_t len);

/* Queue finished chunks; -1 if too much is queued already. */
int	 wire_put(struct wire *w, const void *p, size_t len);

static inline bool
wire_pending(const struct wire *w)
{
	return w->w_outlen > 0;
}

/* Queue a message as chunks; -1 if too much is queued already. */
int	 wire_queue(struct wire *w, struct chunk_out *co, uint8_t type,
	    uint32_t msid, uint32_t time, const uint8_t *body, uint32_t len);

/* Queue a command or control message: always with a full header. */
void	 wire_control(struct wire *w, uint8_t type, uint32_t msid,
	    const uint8_t *body, uint32_t len);

/* Tell the peer our chunk size, and keep to it. */
void	 wire_set_chunk(struct wire *w, uint32_t size);

#endif
