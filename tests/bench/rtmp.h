/* SPDX-License-Identifier: ISC */
/*
 * rtmp.h - a minimal RTMP client on a non-blocking socket: simple handshake,
 * connect, createStream, then publish or play one stream.
 *
 * The owner polls r_fd for reading always and for writing while
 * rtmp_pending(), and calls rtmp_receive() and rtmp_flush() accordingly.
 */
#ifndef BENCH_RTMP_H
#define BENCH_RTMP_H

#include <sys/socket.h>

#include "chunk.h"

#define RTMP_SCRATCH	(256 * 1024)	/* receive buffer, shared by all */
#define RTMP_BACKLOG	(16u << 20)	/* most that may wait to be sent */
#define RTMP_TEXT	128

struct rtmp_target {
	struct sockaddr_storage t_addr;
	socklen_t t_addrlen;
	char	  t_url[RTMP_TEXT];	/* rtmp://host:port/app */
	char	  t_app[RTMP_TEXT];
};

enum rtmp_state {
	RTMP_HANDSHAKE,
	RTMP_CONNECT,
	RTMP_CREATE,
	RTMP_START,			/* publish or play was sent */
	RTMP_LIVE,			/* and granted */
	RTMP_FAILED			/* r_error says why */
};

enum { RTMP_CONTROL_OUT, RTMP_AUDIO_OUT, RTMP_VIDEO_OUT, RTMP_OUTS };

struct rtmp {
	int	 r_fd;
	enum rtmp_state r_state;
	bool	 r_publish;
	const struct rtmp_target *r_target;
	char	 r_name[RTMP_TEXT];
	uint32_t r_msid;
	uint32_t r_chunk;		/* our chunk size */
	struct chunk_out r_put[RTMP_OUTS];
	uint32_t r_window;		/* the peer wants an ack after these */
	uint64_t r_received;		/* bytes of chunk stream */
	uint64_t r_acked;
	size_t	 r_shook;		/* handshake bytes received */
	uint64_t r_connect_ns;
	uint64_t r_s0_ns;
	uint64_t r_recv_ns;		/* after the latest recv(2) */
	struct chunk_in r_in;
	uint8_t	 r_stash[CHUNK_HEADER];	/* an incomplete chunk header */
	size_t	 r_stashed;
	uint8_t	*r_out;
	size_t	 r_outlen, r_outcap;
	char	 r_error[RTMP_TEXT];
	/* media (types 8 and 9) goes here, all else is dealt with inside */
	const struct chunk_sink *r_media;
	void	*r_arg;
};

/*
 * Parse rtmp://127.0.0.1[:port]/app/name; only loopback addresses are
 * accepted. Stores target and stream name; -1 if the URL is not such.
 */
int	 rtmp_parse_url(const char *url, struct rtmp_target *t, char *name,
	    size_t size);

/* Connect; -1 with errno. r_media and r_arg are set by the caller before. */
int	 rtmp_open(struct rtmp *r, const struct rtmp_target *t,
	    const char *name, bool publish);
void	 rtmp_close(struct rtmp *r);

/* Receive once and act on it; -1 when the connection has failed or ended. */
int	 rtmp_receive(struct rtmp *r, uint8_t *scratch);

/* Send what is queued, as far as the socket takes it; -1 as above. */
int	 rtmp_flush(struct rtmp *r);

static inline bool
rtmp_pending(const struct rtmp *r)
{
	return r->r_outlen > 0;
}

/* Queue a message of the stream; -1 if too much is queued already. */
int	 rtmp_send(struct rtmp *r, uint8_t type, uint32_t time,
	    const uint8_t *body, uint32_t len);

/* Queue deleteStream. */
void	 rtmp_delete(struct rtmp *r);

#endif
