/* SPDX-License-Identifier: ISC */
/*
 * order.h - orders, and how they went.
 */
#ifndef RTMPCTL_ORDER_H
#define RTMPCTL_ORDER_H

#include "command.h"
#include "sys/control.h"

/* As control_ask(), with `patience` in ms. */
int	order_hub(int patience, char answer[CONTROL_TEXT], const char *fmt,
	    ...) __attribute__((format(printf, 3, 4)));

/* Say how an order went, with control_ask()'s result: the exit status. */
int	order_report(const struct ctl *, int status, const char *text);

#endif
