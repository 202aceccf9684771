/* SPDX-License-Identifier: ISC */
/*
 * terminal.h - is the terminal one that curses knows?
 */
#ifndef RTMPCTL_TERMINAL_H
#define RTMPCTL_TERMINAL_H

#include <stdbool.h>

bool	terminal_is_known(void);

#endif
