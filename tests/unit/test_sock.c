/* SPDX-License-Identifier: ISC */
/*
 * test_sock.c - TCP sockets and how their peers are written.
 */
#include "sys/sock.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define N(a)	(sizeof(a) / sizeof((a)[0]))

TestSuite(sock, .timeout = 10);

static int
listen_on(const char *host)
{
	int fds[4];

	cr_assert_eq(sock_listen(host, "0", fds, 4), 1, "%s: %s", host,
	    strerror(errno));
	return fds[0];
}

static in_port_t
port_of(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	cr_assert_eq(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
	return ss.ss_family == AF_INET ?
	    ((struct sockaddr_in *)&ss)->sin_port :
	    ((struct sockaddr_in6 *)&ss)->sin6_port;
}

/* Connect from and to ::1, or to the mapped form of 127.0.0.1. */
static int
connect6(const char *addr, in_port_t port)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
	    .sin6_port = port };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(inet_pton(AF_INET6, addr, &six.sin6_addr), 1);
	cr_assert_eq(connect(fd, (struct sockaddr *)&six, sizeof(six)), 0,
	    "%s: %s", addr, strerror(errno));
	return fd;
}

static int
connect4(in_port_t port)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = port,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(connect(fd, (struct sockaddr *)&four, sizeof(four)), 0,
	    "%s", strerror(errno));
	return fd;
}

static void
expect_text(int fd, const char *host, const char *form, in_port_t port)
{
	char addr[SOCK_TEXT_MAX], got[SOCK_TEXT_MAX], want[SOCK_TEXT_MAX];

	sock_peer_text(fd, addr, got);
	snprintf(want, sizeof(want), form, host, ntohs(port));
	cr_assert_str_eq(got, host);
	cr_assert_str_eq(addr, want);
}

#pragma GCC diagnostic ignored "-Wformat-nonliteral"

Test(sock, an_ipv4_peer_is_written_with_its_port)
{
	int l = listen_on("127.0.0.1"), fd = connect4(port_of(l));

	expect_text(fd, "127.0.0.1", "%s:%u", port_of(l));
}

static bool
have_ipv6(void)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
	    .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool have = fd != -1 && bind(fd, (struct sockaddr *)&six,
	    sizeof(six)) == 0;

	if (fd != -1)
		close(fd);
	return have;
}

Test(sock, an_ipv6_peer_is_written_in_brackets)
{
	int l, fd;

	if (!have_ipv6())
		cr_skip_test("no IPv6 here");
	l = listen_on("::1");
	fd = connect6("::1", port_of(l));
	expect_text(fd, "::1", "[%s]:%u", port_of(l));
}

Test(sock, a_mapped_ipv4_peer_is_written_as_ipv4)
{
	int l = listen_on("127.0.0.1"), fd;

	if (!have_ipv6())
		cr_skip_test("no IPv6 here");
	fd = connect6("::ffff:127.0.0.1", port_of(l));
	expect_text(fd, "127.0.0.1", "%s:%u", port_of(l));
}

Test(sock, what_is_no_ip_socket_is_local)
{
	char addr[SOCK_TEXT_MAX], host[SOCK_TEXT_MAX];
	int pair[2], null = open("/dev/null", O_RDONLY);

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	sock_peer_text(pair[0], addr, host);
	cr_assert_str_eq(addr, "local");
	cr_assert_str_eq(host, "local");
	sock_peer_text(null, addr, host);
	cr_assert_str_eq(addr, "gone");
	sock_peer_text(-1, addr, host);
	cr_assert_str_eq(host, "gone");
}

/*
 * Issue: a flood of peers counted as one local one. Cause: the kernel forgets
 * the address of who resets. Trigger: a reset before the connection is served.
 */
Test(sock, who_has_reset_the_connection_is_gone)
{
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	char addr[SOCK_TEXT_MAX], host[SOCK_TEXT_MAX];
	int l = listen_on("127.0.0.1"), fd, served;

	fd = connect4(port_of(l));
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)),
	    0);
	cr_assert_eq(close(fd), 0);
	cr_assert_geq(served = accept(l, NULL, NULL), 0);
	sock_peer_text(served, addr, host);
	cr_assert_str_eq(addr, "gone");
	cr_assert_str_eq(host, "gone");
	cr_assert_not(sock_is_connected(served));
}

Test(sock, only_a_connected_stream_socket_is_one)
{
	int l = listen_on("127.0.0.1"), fd = connect4(port_of(l)), pair[2];

	cr_assert(sock_is_connected(fd));
	cr_assert_not(sock_is_connected(l));
	cr_assert_not(sock_is_connected(-1));
	cr_assert_eq(pipe(pair), 0);
	cr_assert_not(sock_is_connected(pair[0]));
	cr_assert_eq(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	cr_assert_not(sock_is_connected(pair[0]));
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	cr_assert(sock_is_connected(pair[0]));
}

static int
option(int fd, int level, int name)
{
	socklen_t len = sizeof(int);
	int value = -1;

	cr_assert_eq(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

Test(sock, a_tuned_socket_sends_at_once_and_never_blocks)
{
	int l = listen_on("127.0.0.1"), fd = connect4(port_of(l)), pair[2];

	sock_tune(fd);
	cr_assert_eq(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
	cr_assert_eq(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
	cr_assert_eq(option(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT), 256 * 1024);
	cr_assert_leq(option(fd, IPPROTO_TCP, TCP_KEEPIDLE) +
	    option(fd, IPPROTO_TCP, TCP_KEEPINTVL) *
	    option(fd, IPPROTO_TCP, TCP_KEEPCNT), 120);
	cr_assert(fcntl(fd, F_GETFL) & O_NONBLOCK);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	sock_tune(pair[0]);
	cr_assert(fcntl(pair[0], F_GETFL) & O_NONBLOCK);
}

Test(sock, it_listens_without_blocking_and_not_across_exec)
{
	int l = listen_on("127.0.0.1");

	cr_assert_eq(option(l, SOL_SOCKET, SO_ACCEPTCONN), 1);
	cr_assert(fcntl(l, F_GETFL) & O_NONBLOCK);
	cr_assert_eq(fcntl(l, F_GETFD), FD_CLOEXEC);
	cr_assert_eq(accept(l, NULL, NULL), -1);
	cr_assert_eq(errno, EAGAIN);
}

/* A port that was free a moment ago. */
static void
free_port(char *text, size_t size)
{
	int fd = listen_on("127.0.0.1");

	snprintf(text, size, "%u", ntohs(port_of(fd)));
	close(fd);
}

Test(sock, no_host_is_every_address_of_both_families)
{
	int fds[4], n, i, six = 0;
	char port[8];

	free_port(port, sizeof(port));
	n = sock_listen("", port, fds, 4);
	cr_assert_eq(n, have_ipv6() ? 2 : 1);
	for (i = 0; i < n; i++)
		six += option(fds[i], SOL_SOCKET, SO_DOMAIN) == AF_INET6;
	cr_assert_eq(six, n - 1);
}

Test(sock, an_address_in_use_is_refused_and_nothing_stays_open)
{
	int l = listen_on("127.0.0.1"), fds[4], probe;
	char port[8];

	snprintf(port, sizeof(port), "%u", ntohs(port_of(l)));
	probe = dup(0);
	close(probe);
	cr_assert_eq(sock_listen("127.0.0.1", port, fds, 4), -1);
	cr_assert_eq(errno, EADDRINUSE);
	cr_assert_eq(dup(0), probe);
}

struct host {
	char	 host[32];
	char	 port[16];
};

ParameterizedTestParameters(sock, what_is_no_number_is_not_looked_up)
{
	static struct host v[] = {
		{ "localhost", "0" }, { "example.org", "0" },
		{ "127.0.0.1.1", "0" }, { "[::1]", "0" }, { ":::", "0" },
		{ "127.0.0.1", "http" }, { "127.0.0.1", "1935x" },
	};

	return cr_make_param_array(struct host, v, N(v));
}

ParameterizedTest(struct host *v, sock, what_is_no_number_is_not_looked_up)
{
	int fds[4];

	cr_assert_eq(sock_listen(v->host, v->port, fds, 4), -1);
	cr_assert_eq(errno, EINVAL);
}
