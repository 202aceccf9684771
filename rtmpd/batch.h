/* SPDX-License-Identifier: ISC */
/*
 * batch.h - several records in one sendmsg(2), straight out of the ring.
 */
#ifndef RTMPD_BATCH_H
#define RTMPD_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "play.h"
#include "shm/ring.h"

struct conn;
struct netstream;

enum batch_result {
	BATCH_SENT,	/* all of it */
	BATCH_FULL,	/* the socket took less; the cursor is right */
	BATCH_EMPTY,	/* nothing was due */
	BATCH_LAPPED,	/* the cursor's record is gone: go to a join point */
	BATCH_BROKEN,	/* the connection must end; conn_end() was called */
};

/*
 * Send the records at the cursor of `ns`, at most one batch of them, and move
 * the cursor past what the socket took. The rest of a record that went in
 * part is kept in the output queue.
 */
enum batch_result batch_send(struct conn *, struct netstream *);

/* Give back the memory that a large batch took. */
void	batch_trim(void);

#endif
