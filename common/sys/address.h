/* SPDX-License-Identifier: ISC */
/*
 * address.h - numeric addresses and their texts.
 */
#ifndef SYS_ADDRESS_H
#define SYS_ADDRESS_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

union address {
	struct sockaddr		 ad_any;
	struct sockaddr_in	 ad_four;
	struct sockaddr_in6	 ad_six;
	struct sockaddr_storage	 ad_room;
};

/*
 * Read "192.0.2.1", "2001:db8::1", "fe80::1%eth0" or "fe80::1%2". 0, or -1
 * and errno: EINVAL if it is no address, ENODEV if there is no such interface.
 */
int	address_parse(union address *, const char *host, uint16_t port);

/* Bytes of an address of either family. */
socklen_t address_len(const union address *);

/*
 * Write the address, without its port, as address_parse() reads it. An
 * IPv4-mapped IPv6 address is written as IPv4. Returns the port, or -1 if it is
 * of neither family or does not fit.
 */
int	address_text(const union address *, char *host, size_t size);

#endif
