/* SPDX-License-Identifier: ISC */
/*
 * order.h - an order to the hub.
 */
#ifndef RTMPCTL_ORDER_H
#define RTMPCTL_ORDER_H

#include "sys/control.h"

/* As control_ask(), with `patience` in ms. */
int	order_hub(int patience, char answer[CONTROL_TEXT], const char *fmt,
	    ...) __attribute__((format(printf, 3, 4)));

#endif
