/* SPDX-License-Identifier: ISC */
/*
 * orders.h - what the control socket brings. `arg` is what follows the words of
 * an order; each of them is answered.
 */
#ifndef HUB_ORDERS_H
#define HUB_ORDERS_H

#include <stdint.h>

#include "sys/control.h"

struct hub;

void	orders_take(struct hub *);
/* Tell all connections to end, and end after them. `why` is for the log. */
void	orders_stop(struct hub *, const char *why);
/* Admit nobody, ask those who can to reconnect, end after the last one or
 * after `time` ms. */
void	orders_drain(struct hub *, uint32_t time);

/* steer.c: orders about one connection, by its pid or, to be kicked, by the
 * stream that it publishes. */
void	steer_kick(struct hub *, const struct control *, const char *arg);
void	steer_log_debug(struct hub *, const struct control *, const char *arg);
void	steer_log_info(struct hub *, const struct control *, const char *arg);
/* Kill those that were kicked and are still there. */
void	steer_tick(struct hub *);

#endif
