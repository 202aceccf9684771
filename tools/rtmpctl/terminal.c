/* SPDX-License-Identifier: ISC */
/*
 * terminal.c - is the terminal one that curses knows?
 * In a file of its own: <term.h> defines words such as `columns` and `lines`.
 */
#include "terminal.h"

#include <curses.h>
#include <term.h>
#include <unistd.h>

bool
terminal_is_known(void)
{
	int error;

	if (setupterm(NULL, STDOUT_FILENO, &error) == ERR)
		return false;
	del_curterm(cur_term);
	return true;
}
