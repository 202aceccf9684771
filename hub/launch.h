/* SPDX-License-Identifier: ISC */
/*
 * launch.h - the arguments of attendants, by the configuration. Two that have
 * the same are at work with the same settings.
 */
#ifndef HUB_LAUNCH_H
#define HUB_LAUNCH_H

struct conf;
struct spawn_order;

/* Of the stream that this is the configuration of; its name is to be added. */
void	launch_recorder(const struct conf *, struct spawn_order *);
void	launch_metrics(const struct conf *, struct spawn_order *);

#endif
