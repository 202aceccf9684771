/* SPDX-License-Identifier: ISC */
/*
 * command.h - what rtmpctl can be told, and what it was told.
 */
#ifndef RTMPCTL_COMMAND_H
#define RTMPCTL_COMMAND_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct ctl {
	const char	*ct_file;	/* -f, or NULL */
	const char	*ct_rundir;	/* -r, or NULL */
	bool		 ct_json;	/* -j */
	uint32_t	 ct_delay;	/* -d, ms */
	char		 ct_path[PATH_MAX];	/* the run directory, we are in */
	const char	*ct_order;	/* the command's name */
	char		**ct_arg;	/* its arguments */
	int		 ct_nargs;
};

#define COMMAND_JSON	0x01	/* takes -j */
#define COMMAND_DELAY	0x02	/* takes -d */

struct command {
	const char	*cm_name;	/* a word or two */
	const char	*cm_args;
	int		 cm_nargs;
	unsigned int	 cm_flags;
	const char	*cm_text;	/* as in rtmpctl(8) */
	int		(*cm_run)(const struct ctl *);	/* exit status */
};

/* The command whose name begins these words; `ct` gets the rest, which may be
 * too much for it or too little. NULL if there is none. */
const struct command *command_find(int argc, char **argv, struct ctl *);

/* A line for each. */
void	command_list(FILE *);

/* order.c: given to the listener, or to the hub of a relay without one; the
 * others to the hub. */
int	order_relay(const struct ctl *);
int	order_reload(const struct ctl *);
int	order_kick(const struct ctl *);
int	order_log(const struct ctl *);
int	order_record(const struct ctl *);

/* show.c: read from the registry. */
int	show_streams(const struct ctl *);
int	show_stream(const struct ctl *);
int	show_sessions(const struct ctl *);
int	show_hub(const struct ctl *);
int	show_metrics(const struct ctl *);

/* config.c: asked for as an order is given. */
int	show_config(const struct ctl *);

/* top.c: on the terminal. */
int	top(const struct ctl *);

#endif
