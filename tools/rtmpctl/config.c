/* SPDX-License-Identifier: ISC */
/*
 * config.c - the configuration in force.
 * The listener hands it over as it is, or the hub where there is none.
 */
#include "command.h"

#include <err.h>
#include <jansson.h>
#include <sysexits.h>

#include "conf/keys.h"
#include "conf/print.h"
#include "conf/share.h"
#include "order.h"
#include "show.h"

#define PATIENCE	10000	/* ms for an answer */

/* Every key that has a value, or where `global` is given and differs. */
static json_t *
keys(const struct conf *cf, const struct conf *global)
{
	json_t *o = json_object();
	char text[KEY_TEXT_MAX];
	size_t i;

	for (i = 0; i < conf_nkeys; i++)
		if ((global == NULL || !key_equal(cf, global, &conf_keys[i])) &&
		    key_format(cf, &conf_keys[i], text))
			json_object_set_new(o, conf_keys[i].ck_name,
			    json_string(text));
	return o;
}

static json_t *
as_json(const struct conf_set *set)
{
	json_t *o = keys(&set->cs_conf[0], NULL), *blocks = json_object();
	uint32_t i;

	for (i = 1; i < set->cs_n; i++)
		json_object_set_new(blocks, set->cs_conf[i].cf_app,
		    keys(&set->cs_conf[i], &set->cs_conf[0]));
	json_object_set_new(o, "application", blocks);
	return o;
}

int
show_config(const struct ctl *ct)
{
	const struct conf_set *set;
	char text[CONTROL_TEXT];
	int status = conf_ask(PATIENCE, &set, text);

	if (status != 0)
		return order_report(ct, status, text);
	if (ct->ct_json)
		show_json(as_json(set));
	else if (conf_print(stdout, set) == -1)
		err(EX_IOERR, "standard output");
	conf_unmap(set);
	return 0;
}
