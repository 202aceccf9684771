/* SPDX-License-Identifier: ISC */
/*
 * command.h - the few AMF0 commands that the bench sends, and as much of the
 * answers as it needs. Bodies are at most COMMAND_MAX bytes.
 */
#ifndef BENCH_COMMAND_H
#define BENCH_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMMAND_MAX	1024

/* RTMP message types */
enum { COMMAND_AMF3 = 17, COMMAND_DATA = 18, COMMAND_AMF0 = 20 };

struct command {
	uint8_t	 c_body[COMMAND_MAX];
	uint32_t c_len;
};

void	 command_connect(struct command *c, const char *app, const char *url);
void	 command_create(struct command *c);
void	 command_publish(struct command *c, const char *name);
void	 command_play(struct command *c, const char *name);
void	 command_delete(struct command *c, uint32_t msid);
/* @setDataFrame onMetaData; a data message, type 18. */
void	 command_metadata(struct command *c, uint64_t bits);

/* A server's answers, to the command with this transaction number. */
void	 command_connected(struct command *c, double txn);
void	 command_created(struct command *c, double txn, uint32_t msid);
/* onStatus without an error. */
void	 command_status(struct command *c, const char *code);

/* True if the command in p has this name. */
bool	 command_is(const uint8_t *p, size_t len, const char *name);

/* Its transaction number, 0 if it has none. */
double	 command_txn(const uint8_t *p, size_t len);

/* Copy the name that publish or play bears; false if there is none. */
bool	 command_stream(const uint8_t *p, size_t len, char *out, size_t size);

/* The number that _result to createStream bears; false if there is none. */
bool	 command_number(const uint8_t *p, size_t len, uint32_t *number);

/*
 * Copy the string value of a key of the information object to out, empty if it
 * is missing.
 */
void	 command_info(const uint8_t *p, size_t len, const char *key, char *out,
	    size_t size);

#endif
