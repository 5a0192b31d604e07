// SPDX-License-Identifier: GPL-2.0-only
/*
 * What no driver of a VF would send: module parameters put it into a mailbox.
 *
 * request: "VF WORD..." as numbers: a message of up to 16 words; the rest is zero.
 * storm: "VF SEED [COUNT]": every operation code once, or the first COUNT, with
 *        random flags and payload, and a function level reset now and then.
 *        Returns when all was read.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include "mock.h"

#define OPERATIONS 0x10000
#define RESET_EVERY 1021	/* a prime, so that resets meet all kinds of operations */
#define PATIENCE (5 * HZ)

static bool was_read(unsigned int vf)
{
	unsigned long flags;
	bool waiting;

	raw_spin_lock_irqsave(&mock.lock, flags);
	waiting = (mock.vf_mail[vf / 16] & BIT(vf % 16)) || (mock.vf_reset[vf / 32] & BIT(vf % 32));
	raw_spin_unlock_irqrestore(&mock.lock, flags);
	return !waiting;
}

static int send(unsigned int vf, const u32 *word)
{
	unsigned long deadline = jiffies + PATIENCE;
	unsigned long flags;

	raw_spin_lock_irqsave(&mock.lock, flags);
	memcpy(mock.vf[vf].mailbox.word, word, sizeof(mock.vf[vf].mailbox.word));
	mock_vf_request(vf);
	raw_spin_unlock_irqrestore(&mock.lock, flags);
	mock_interrupt_pf();

	while (!was_read(vf)) {
		if (time_after(jiffies, deadline))
			return -ETIMEDOUT;
		usleep_range(10, 20);
	}
	return 0;
}

static int request_set(const char *text, const struct kernel_param *parameter)
{
	u32 words[MOCK_MAILBOX_WORDS] = {};
	int numbers[MOCK_MAILBOX_WORDS + 2];
	int i;

	get_options(text, ARRAY_SIZE(numbers), numbers);
	if (numbers[0] < 1 || numbers[1] < 0 || numbers[1] >= MOCK_VFS)
		return -EINVAL;
	for (i = 2; i <= numbers[0]; i++)
		words[i - 2] = numbers[i];
	return send(numbers[1], words);
}

static void reset(unsigned int vf)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&mock.lock, flags);
	mock_vf_function_reset(vf);
	raw_spin_unlock_irqrestore(&mock.lock, flags);
	mock_interrupt_pf();
}

static int storm_set(const char *text, const struct kernel_param *parameter)
{
	u32 words[MOCK_MAILBOX_WORDS];
	struct rnd_state random;
	unsigned int vf, seed, count = OPERATIONS;
	u32 operation;
	int error;

	if (sscanf(text, "%u %u %u", &vf, &seed, &count) < 2 || vf >= MOCK_VFS || count > OPERATIONS)
		return -EINVAL;

	prandom_seed_state(&random, seed);
	for (operation = 0; operation < count; operation++) {
		if (operation % RESET_EVERY == 0)
			reset(vf);
		prandom_bytes_state(&random, words, sizeof(words));
		/* Replies to us would be skipped: the two bits that mark them stay clear. */
		words[0] = (words[0] & 0x3fff0000) | operation;
		error = send(vf, words);
		if (error)
			return error;
		cond_resched();
	}
	return 0;
}

static const struct kernel_param_ops request_ops = {.set = request_set};
module_param_cb(request, &request_ops, NULL, 0200);

static const struct kernel_param_ops storm_ops = {.set = storm_set};
module_param_cb(storm, &storm_ops, NULL, 0200);
