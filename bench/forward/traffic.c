// SPDX-License-Identifier: Apache-2.0
/*
 * The smallest traffic there is: what it costs besides the network is a few
 * system calls, so that the paths below it can be compared by instructions.
 *
 * traffic serve PORT           answers all of the below, for ever
 * traffic rr ADDRESS PORT N    N requests of one byte and their answers, one connection
 * traffic crr ADDRESS PORT N   the same, a connection each
 * traffic stream ADDRESS PORT N   N times 64 KiB, then waits until all was read
 *
 * Prints nanoseconds for each of the N. With QEMU's -icount shift=0 on one
 * processor a nanosecond is an instruction.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 65536 };
static char block[BLOCK];

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static struct sockaddr_in address(const char *host, const char *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};

	if (inet_pton(AF_INET, host, &a.sin_addr) != 1)
		errx(2, "%s is no IPv4 address", host);
	return a;
}

static int opened(const struct sockaddr_in *to)
{
	int one = 1, s = socket(AF_INET, SOCK_STREAM, 0);

	if (s < 0 || connect(s, (const struct sockaddr *)to, sizeof(*to)))
		err(1, "connect");
	setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return s;
}

static void say(int s, char what)
{
	if (write(s, &what, 1) != 1)
		err(1, "write");
}

static void hear(int s)
{
	char c;

	if (read(s, &c, 1) != 1)
		err(1, "read");
}

/* 'r' is answered; 's' starts a stream, which ends with the connection's sending side. */
static void answer(int s)
{
	int one = 1;
	char what;

	setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	while (read(s, &what, 1) == 1) {
		if (what == 's') {
			while (read(s, block, BLOCK) > 0)
				;
			if (write(s, "e", 1) != 1)
				return;
		} else if (write(s, &what, 1) != 1) {
			return;
		}
	}
}

static void serve(const char *port)
{
	struct sockaddr_in a = address("0.0.0.0", port);
	int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&a, sizeof(a)) || listen(listener, 128))
		err(1, "port %s", port);
	for (;;) {
		int s = accept(listener, NULL, NULL);

		if (s < 0)
			err(1, "accept");
		answer(s);
		close(s);
	}
}

static void request_response(const struct sockaddr_in *to, long n)
{
	int s = opened(to);

	while (n--) {
		say(s, 'r');
		hear(s);
	}
	close(s);
}

static void connect_request_response(const struct sockaddr_in *to, long n)
{
	struct linger reset = {.l_onoff = 1};

	while (n--) {
		int s = opened(to);

		say(s, 'r');
		hear(s);
		/* Without it the ports of a few seconds would be used up. */
		setsockopt(s, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
		close(s);
	}
}

static void stream(const struct sockaddr_in *to, long n)
{
	int s = opened(to);

	say(s, 's');
	while (n--)
		for (ssize_t sent = 0; sent < BLOCK;) {
			ssize_t part = write(s, block + sent, BLOCK - sent);

			if (part < 0)
				err(1, "write");
			sent += part;
		}
	shutdown(s, SHUT_WR);
	hear(s);
	close(s);
}

int main(int argc, char **argv)
{
	void (*run)(const struct sockaddr_in *, long) = NULL;
	struct sockaddr_in to;
	long long start;
	long n;

	signal(SIGPIPE, SIG_IGN);
	if (argc == 3 && !strcmp(argv[1], "serve"))
		serve(argv[2]);
	if (argc == 5)
		run = !strcmp(argv[1], "rr") ? request_response : !strcmp(argv[1], "crr") ? connect_request_response :
		      !strcmp(argv[1], "stream") ? stream : NULL;
	if (!run)
		errx(2, "usage: traffic serve PORT | rr|crr|stream ADDRESS PORT N");
	to = address(argv[2], argv[3]);
	n = atol(argv[4]);
	run(&to, n / 10 + 1); /* Warm: caches, neighbours, window. */
	start = now();
	run(&to, n);
	printf("%lld\n", (now() - start) / (n ? n : 1));
	return 0;
}
