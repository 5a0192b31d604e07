// Stands in for the kernel below the real ethtool: a card that takes any steering rule. Loaded
// with LD_PRELOAD; the table is the file that STEER_TABLE names, one struct after the other.
// STEER_ERRNO makes it refuse new rules.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIZE = 1024 };

struct rule {
	struct ethtool_rx_flow_spec spec;
	__u32 context;
};

static struct rule table[SIZE];
static unsigned int count;

static void load(void)
{
	FILE *file = fopen(getenv("STEER_TABLE"), "r");
	count = file ? fread(table, sizeof(table[0]), SIZE, file) : 0;
	if (file)
		fclose(file);
}

static void save(void)
{
	FILE *file = fopen(getenv("STEER_TABLE"), "w");
	fwrite(table, sizeof(table[0]), count, file);
	fclose(file);
}

static int find(__u32 location)
{
	for (unsigned int i = 0; i < count; i++)
		if (table[i].spec.location == location)
			return i;
	return -1;
}

static int fail(int code)
{
	errno = code;
	return -1;
}

static int answer(struct ethtool_rxnfc *request)
{
	const char *refusal = getenv("STEER_ERRNO");
	int at = find(request->fs.location);

	switch (request->cmd) {
	case ETHTOOL_GRXRINGS:
		request->data = 8;
		return 0;
	case ETHTOOL_GRXCLSRLCNT:
		request->rule_cnt = count;
		request->data = 0;
		return 0;
	case ETHTOOL_GRXCLSRLALL:
		request->data = SIZE;
		request->rule_cnt = count;
		for (unsigned int i = 0; i < count; i++)
			request->rule_locs[i] = table[i].spec.location;
		return 0;
	case ETHTOOL_GRXCLSRULE:
		if (at < 0)
			return fail(EINVAL);
		request->fs = table[at].spec;
		request->rss_context = table[at].context;
		return 0;
	case ETHTOOL_SRXCLSRLINS:
		if (refusal)
			return fail(atoi(refusal));
		at = at < 0 ? (int)count++ : at;
		table[at].spec = request->fs;
		table[at].context = request->rss_context;
		save();
		return 0;
	case ETHTOOL_SRXCLSRLDEL:
		if (at < 0)
			return fail(EINVAL);
		memmove(&table[at], &table[at + 1], (--count - at) * sizeof(table[0]));
		save();
		return 0;
	default:
		return fail(EOPNOTSUPP);
	}
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list list;
	va_start(list, request);
	void *argument = va_arg(list, void *);
	va_end(list);
	if (request == SIOCETHTOOL) {
		load();
		return answer((struct ethtool_rxnfc *)((struct ifreq *)argument)->ifr_data);
	}

	int (*next)(int, unsigned long, ...) = dlsym(RTLD_NEXT, "ioctl");
	return next(fd, request, argument);
}
