/* SPDX-License-Identifier: ISC */
/*
 * spawner.h - the small process that starts attendants for the hub, whose
 * filter lets it start none.
 */
#ifndef HUB_SPAWNER_H
#define HUB_SPAWNER_H

#include <stdbool.h>
#include <stdint.h>

/* The only programs that it starts, installed beside rtmphub. */
enum attendant_program { ATTENDANT_RECORD, ATTENDANT_METRICS };

const char	*spawner_program(enum attendant_program);

#define SPAWN_TEXT	6144	/* bytes of all arguments */
#define SPAWN_ARGS	32	/* of them */

/* From the hub: start a program. */
struct spawn_order {
	uint64_t	 so_id;		/* the hub's number for it */
	uint32_t	 so_program;	/* enum attendant_program */
	uint32_t	 so_len;	/* bytes used of so_text */
	char		 so_text[SPAWN_TEXT]; /* each argument with its NUL */
};

void	spawn_init(struct spawn_order *, enum attendant_program);
/* False if there is no room for it. */
bool	spawn_add(struct spawn_order *, const char *arg);

/* To the hub: that one has ended, or could not be started. */
struct spawn_end {
	uint64_t	 se_id;
	int32_t		 se_pid;	/* 0: there was no process */
	int32_t		 se_status;	/* of waitpid(2) */
};

/*
 * Fork the spawner; it lives until the descriptor that this returns is closed,
 * whoever it started goes on. It holds none of the caller's other descriptors
 * but 0, 1 and 2. -1 and errno.
 */
int	spawner_fork(void);

#endif
